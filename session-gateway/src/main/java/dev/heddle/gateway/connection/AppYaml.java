package dev.heddle.gateway.connection;

import dev.heddle.gateway.channel.ChannelRules;
import dev.heddle.gateway.connection.AppSpec.Target;
import dev.heddle.gateway.websocket.SlowConsumer;
import dev.heddle.json.Json;
import dev.heddle.json.JsonFields;
import dev.heddle.process.DataSize;
import dev.heddle.process.DurationFormat;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** Reads an app.yaml, strictly: what is unknown, wrong or out of bounds is refused by its key. */
final class AppYaml {
  private static final int MAX_ROUTES = 300;
  private static final int MAX_AUTO_REPLIES = 10;
  private static final int LONGEST_AUTO_REPLY = 2_048;
  private static final int MAX_ORIGINS = 100;
  private static final int MAX_CLAIMS = 10;
  private static final int LONGEST_ISSUER = 1_024;
  private static final int MAX_CONNECTIONS = 10_000_000;
  private static final DataSize MAX_MESSAGE = DataSize.parse("16MiB");
  private static final DataSize MAX_OUTGOING = DataSize.parse("256MiB");
  private static final Duration MAX_RESUME = Duration.ofDays(1);
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
  private static final Pattern FUNCTION = Pattern.compile("[A-Za-z][A-Za-z0-9_.:-]{0,127}");
  private static final Pattern ATTRIBUTE = Pattern.compile("[A-Za-z0-9_.:-]{1,128}");
  private static final Set<String> APP =
      ordered(
          "name",
          "routes",
          "origins",
          "authentication",
          "limits",
          "slowConsumer",
          "compression",
          "autoReplies",
          "channels");
  private static final Set<String> AUTHENTICATION = ordered("session", "jwt", "claims", "issuer");
  private static final Set<String> ROUTE =
      ordered("dataset", "function", "http", "stream", "defaults", "idempotent");
  private static final Set<String> LIMITS = ordered("connections", "message", "outgoing", "resume");
  private static final Set<String> COMPRESSION = ordered("above");
  private static final Map<String, SlowConsumer> SLOW =
      new LinkedHashMap<>(
          Map.of(
              "close", SlowConsumer.CLOSE,
              "dropOldest", SlowConsumer.DROP_OLDEST,
              "latest", SlowConsumer.LATEST));
  private static final YAMLMapper YAML =
      YAMLMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private AppYaml() {}

  private static Set<String> ordered(String... names) {
    return new LinkedHashSet<>(List.of(names));
  }

  /**
   * Reads an app.yaml.
   *
   * @throws HeddleException of kind USER that names the key, the value and what was expected
   */
  static AppSpec parse(String yaml) {
    JsonNode tree;
    try {
      tree = YAML.readTree(yaml);
    } catch (JacksonException e) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST, "app: " + e.getOriginalMessage() + " (expected: YAML)", e);
    }
    var fields = new JsonFields("", tree, APP);
    String name = fields.text("name");
    if (!NAME.matcher(name).matches()) {
      throw invalid("name: " + name, "1..64 letters, digits, '.', '_', '-'");
    }
    return new AppSpec(
        name,
        routes(fields),
        origins(fields),
        principal(fields),
        token(fields),
        fields.value("limits").map(AppYaml::limits).orElse(AppLimits.NONE),
        slowConsumer(fields),
        compression(fields),
        autoReplies(fields),
        fields.value("channels").map(ChannelRules::read).orElse(ChannelRules.NONE));
  }

  private static Map<String, Target> routes(JsonFields fields) {
    JsonNode node =
        fields.value("routes").orElseThrow(() -> invalid("routes: missing", "at least one route"));
    var routes = new LinkedHashMap<String, Target>();
    var routeFields = new JsonFields("routes", node);
    for (String route : routeFields.names()) {
      routes.put(route, target(routeFields.at(route), route, node.path(route)));
    }
    if (routes.isEmpty() || routes.size() > MAX_ROUTES) {
      throw invalid("routes: " + routes.size(), "1.." + MAX_ROUTES + " routes");
    }
    return routes;
  }

  private static Target target(String path, String route, JsonNode node) {
    boolean special = AppSpec.SPECIAL.contains(route);
    if (!special && !NAME.matcher(route).matches()) {
      throw invalid(path, "a name of letters, digits, '.', '_', '-', or one of " + AppSpec.SPECIAL);
    }
    var fields = new JsonFields(path, node, ROUTE);
    Optional<String> function = Optional.ofNullable(fields.textOrNull("function"));
    function
        .filter(name -> !FUNCTION.matcher(name).matches())
        .ifPresent(name -> {
          throw invalid(fields.at("function") + ": " + name, "name or name:alias");
        });
    boolean query = fields.value("dataset").isPresent();
    boolean service = fields.value("http").isPresent();
    if (!query && !service && function.isEmpty()) {
      throw invalid(path + ": no target", "dataset, function or http");
    }
    if (service && (query || function.isPresent())) {
      throw invalid(path + ".http", "no dataset and no function beside it");
    }
    if (query) {
      return query(path, special, fields, function);
    }
    if (fields.value("stream").isPresent() || fields.value("defaults").isPresent()) {
      throw invalid(path + ": stream or defaults", "only beside a dataset");
    }
    boolean idempotent = fields.flag("idempotent");
    return service
        ? new Target.Service(service(fields), idempotent)
        : new Target.Handler(function.orElseThrow(), idempotent);
  }

  private static Target query(
      String path, boolean special, JsonFields fields, Optional<String> function) {
    if (special) {
      throw invalid(path + ".dataset", "a function or http: this route has no query");
    }
    if (fields.value("idempotent").isPresent()) {
      throw invalid(path + ".idempotent", "none: queries change nothing");
    }
    JsonNode defaults = fields.value("defaults").orElseGet(Json::object);
    if (!(defaults instanceof ObjectNode object)) {
      throw invalid(fields.at("defaults") + ": " + defaults, "fields of a query");
    }
    return new Target.Query(fields.text("dataset"), function, fields.flag("stream"), object);
  }

  private static URI service(JsonFields fields) {
    String text = fields.text("http");
    String expected = "a URL of http or https, as in http://127.0.0.1:9000/events";
    try {
      URI uri = new URI(text);
      String scheme = uri.getScheme();
      if (uri.getHost() == null
          || uri.getRawUserInfo() != null
          || uri.getRawFragment() != null
          || !("http".equals(scheme) || "https".equals(scheme))) {
        throw invalid(fields.at("http") + ": " + text, expected);
      }
      return uri;
    } catch (URISyntaxException e) {
      throw invalid(fields.at("http") + ": " + text, expected);
    }
  }

  private static List<String> origins(JsonFields fields) {
    var origins = new ArrayList<String>();
    for (String origin : fields.texts("origins", MAX_ORIGINS)) {
      if (!origin.matches("https?://[^/*\\s]+")) {
        throw invalid("origins: " + origin, "a whole origin, as in https://app.example.org");
      }
      origins.add(origin);
    }
    return origins;
  }

  private static Optional<JsonFields> authentication(JsonFields fields) {
    return fields
        .value("authentication")
        .map(node -> {
          var inner = new JsonFields("authentication", node, AUTHENTICATION);
          boolean session = inner.value("session").isPresent();
          boolean token = inner.value("jwt").isPresent();
          if (session == token) {
            throw invalid("authentication", "either session or jwt");
          }
          for (String beside : List.of("claims", "issuer")) {
            if (session && inner.value(beside).isPresent()) {
              throw invalid(inner.at(beside), "only beside jwt");
            }
          }
          return inner;
        });
  }

  private static Optional<String> principal(JsonFields fields) {
    return authentication(fields)
        .filter(inner -> inner.value("session").isPresent())
        .map(inner -> attribute("authentication.session", inner.text("session")));
  }

  private static Optional<AppSpec.Token> token(JsonFields fields) {
    return authentication(fields)
        .filter(inner -> inner.value("jwt").isPresent())
        .map(inner -> {
          List<String> claims = inner.texts("claims", MAX_CLAIMS);
          claims.forEach(claim -> attribute("authentication.claims", claim));
          if (claims.contains("principalId")) {
            throw invalid("authentication.claims: principalId", "another one: that is the user");
          }
          Optional<String> issuer = Optional.ofNullable(inner.textOrNull("issuer"));
          if (issuer.filter(name -> name.isEmpty() || name.length() > LONGEST_ISSUER).isPresent()) {
            throw invalid(
                inner.at("issuer") + ": " + issuer.get().length() + " characters",
                "1.." + LONGEST_ISSUER + ", as tokens say it: iss");
          }
          return new AppSpec.Token(
              attribute("authentication.jwt", inner.text("jwt")), claims, issuer);
        });
  }

  private static String attribute(String path, String name) {
    if (!ATTRIBUTE.matcher(name).matches()) {
      throw invalid(path + ": " + name, "letters, digits, '_', '.', ':', '-'");
    }
    return name;
  }

  private static AppLimits limits(JsonNode node) {
    var fields = new JsonFields("limits", node, LIMITS);
    OptionalLong connections = fields.integer("connections", 1, MAX_CONNECTIONS);
    return new AppLimits(
        connections.isPresent()
            ? OptionalInt.of((int) connections.getAsLong())
            : OptionalInt.empty(),
        size(fields, "message", MAX_MESSAGE),
        size(fields, "outgoing", MAX_OUTGOING),
        resume(fields));
  }

  private static Optional<DataSize> size(JsonFields fields, String name, DataSize most) {
    String text = fields.textOrNull(name);
    if (text == null) {
      return Optional.empty();
    }
    try {
      DataSize size = DataSize.parse(text);
      if (size.bytes() >= 1 && size.compareTo(most) <= 0) {
        return Optional.of(size);
      }
    } catch (IllegalArgumentException e) {
      // Refused below, with its path.
    }
    throw invalid(fields.at(name) + ": " + text, "a size of 1B.." + most + ", as in 64KiB");
  }

  private static Optional<Duration> resume(JsonFields fields) {
    String text = fields.textOrNull("resume");
    if (text == null) {
      return Optional.empty();
    }
    try {
      Duration window = DurationFormat.parse(text);
      if (!window.isNegative() && window.compareTo(MAX_RESUME) <= 0) {
        return Optional.of(window);
      }
    } catch (IllegalArgumentException e) {
      // Refused below, with its path.
    }
    throw invalid(fields.at("resume") + ": " + text, "a duration of 0s..1d, as in 60s");
  }

  private static SlowConsumer slowConsumer(JsonFields fields) {
    String text = fields.textOrNull("slowConsumer");
    if (text == null) {
      return SlowConsumer.CLOSE;
    }
    SlowConsumer policy = SLOW.get(text);
    if (policy == null) {
      throw invalid("slowConsumer: " + text, "close, dropOldest or latest");
    }
    return policy;
  }

  private static Optional<DataSize> compression(JsonFields fields) {
    return fields
        .value("compression")
        .map(node -> {
          var inner = new JsonFields("compression", node, COMPRESSION);
          return size(inner, "above", MAX_MESSAGE)
              .orElseThrow(() -> invalid("compression.above: missing", "a size, as in 1KiB"));
        });
  }

  private static Map<String, String> autoReplies(JsonFields fields) {
    var replies = new LinkedHashMap<String, String>();
    Optional<JsonNode> node = fields.value("autoReplies");
    if (node.isPresent()) {
      var inner = new JsonFields("autoReplies", node.get());
      for (String frame : inner.names()) {
        String reply = inner.text(frame);
        if (frame.isEmpty() || Math.max(frame.length(), reply.length()) > LONGEST_AUTO_REPLY) {
          throw invalid(
              "autoReplies: " + Math.max(frame.length(), reply.length()) + " characters",
              "1.." + LONGEST_AUTO_REPLY);
        }
        replies.put(frame, reply);
      }
    }
    if (replies.size() > MAX_AUTO_REPLIES) {
      throw invalid("autoReplies: " + replies.size(), "at most " + MAX_AUTO_REPLIES);
    }
    return replies;
  }

  private static HeddleException invalid(String what, String expected) {
    return new HeddleException(ErrorCode.INVALID_REQUEST, what + " (expected: " + expected + ")");
  }
}
