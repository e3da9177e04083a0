package dev.heddle.gateway.websocket;

import dev.heddle.json.Json;
import dev.heddle.json.JsonFields;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * What an app.yaml says: where frames go.
 *
 * @param routes by action; {@code $connect}, {@code $disconnect} and {@code $default} are special
 * @param origins pages that may connect, besides the gateway's own
 */
record AppSpec(String name, Map<String, Target> routes, List<String> origins) {
  static final String CONNECT = "$connect";
  static final String DISCONNECT = "$disconnect";
  static final String DEFAULT = "$default";

  private static final int MAX_ROUTES = 300;
  private static final int MAX_ORIGINS = 100;
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
  private static final Pattern FUNCTION = Pattern.compile("[A-Za-z][A-Za-z0-9_.:-]{0,127}");
  private static final Set<String> SPECIAL = Set.of(CONNECT, DISCONNECT, DEFAULT);
  private static final Set<String> APP = ordered("name", "routes", "origins");
  private static final Set<String> ROUTE = ordered("dataset", "function", "stream", "defaults");
  private static final YAMLMapper YAML =
      YAMLMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  AppSpec {
    routes = Map.copyOf(routes);
    origins = List.copyOf(origins);
  }

  /** Where a route leads. */
  sealed interface Target {
    /**
     * A query of a dataset.
     *
     * @param function the scatter function to run; empty: what the query says
     * @param stream whether each improvement of the answer is sent
     * @param defaults fields of the query that clients may leave out; not to be changed
     */
    record Query(String dataset, Optional<String> function, boolean stream, ObjectNode defaults)
        implements Target {}

    /** A handler: name or name:alias. */
    record Handler(String function) implements Target {}
  }

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
    JsonNode routesNode =
        fields.value("routes").orElseThrow(() -> invalid("routes: missing", "at least one route"));
    var routes = new LinkedHashMap<String, Target>();
    var routeFields =
        new JsonFields("routes", routesNode, new LinkedHashSet<>(routesNode.propertyNames()));
    for (String route : routeFields.names()) {
      routes.put(route, target(routeFields.at(route), route, routesNode.path(route)));
    }
    if (routes.isEmpty() || routes.size() > MAX_ROUTES) {
      throw invalid("routes: " + routes.size(), "1.." + MAX_ROUTES + " routes");
    }
    return new AppSpec(name, routes, fields.texts("origins", MAX_ORIGINS));
  }

  private static Target target(String path, String route, JsonNode node) {
    boolean special = SPECIAL.contains(route);
    if (!special && !NAME.matcher(route).matches()) {
      throw invalid(path, "a name of letters, digits, '.', '_', '-', or one of " + SPECIAL);
    }
    var fields = new JsonFields(path, node, ROUTE);
    Optional<String> function = Optional.ofNullable(fields.textOrNull("function"));
    function
        .filter(name -> !FUNCTION.matcher(name).matches())
        .ifPresent(name -> {
          throw invalid(fields.at("function") + ": " + name, "name or name:alias");
        });
    if (fields.value("dataset").isEmpty()) {
      if (function.isEmpty()) {
        throw invalid(path + ": no target", "dataset or function");
      }
      if (fields.value("stream").isPresent() || fields.value("defaults").isPresent()) {
        throw invalid(path + ": stream or defaults", "only beside a dataset");
      }
      return new Target.Handler(function.get());
    }
    if (special) {
      throw invalid(path + ".dataset", "a function: " + route + " has no query");
    }
    JsonNode defaults = fields.value("defaults").orElseGet(Json::object);
    if (!(defaults instanceof ObjectNode object)) {
      throw invalid(fields.at("defaults") + ": " + defaults, "fields of a query");
    }
    return new Target.Query(fields.text("dataset"), function, fields.flag("stream"), object);
  }

  private static HeddleException invalid(String what, String expected) {
    return new HeddleException(ErrorCode.INVALID_REQUEST, what + " (expected: " + expected + ")");
  }

  /** The target of frames with this action; {@code $default} where there is none. */
  Optional<Target> route(Optional<String> action) {
    return action
        // The special routes are the gateway's to choose.
        .filter(name -> !SPECIAL.contains(name))
        .map(routes::get)
        .or(() -> handler(DEFAULT));
  }

  /** The handler of a special route. */
  Optional<Target> handler(String special) {
    return Optional.ofNullable(routes.get(special));
  }
}
