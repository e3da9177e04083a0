package dev.heddle.gateway.channel;

import dev.heddle.json.JsonFields;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/**
 * What the clients of an app may do with channels: the first rule whose pattern a name matches says
 * it. Without a rule they may do nothing; handlers and services may in any case.
 */
public record ChannelRules(List<Rule> rules) {
  /** No client may do anything. */
  public static final ChannelRules NONE = new ChannelRules(List.of());

  private static final int MOST = 100;
  private static final String USER = "{user}";
  private static final Pattern PATTERN =
      Pattern.compile("(?=.)(?:[A-Za-z0-9._-]|\\{user}|(?<=^|\\.)\\*(?=$|\\.)){1,128}");
  private static final Set<String> FIELDS =
      new LinkedHashSet<>(List.of("subscribe", "publish", "presence", "latest", "durable"));

  public ChannelRules {
    rules = List.copyOf(rules);
  }

  /**
   * A rule.
   *
   * @param pattern a name; {@code *} is any one segment between dots, {@code {user}} the client's
   *     user, if that has no dot
   * @param presence whether subscribers are seen there, and may see each other
   * @param latest whether only the newest message counts
   */
  public record Rule(
      String pattern, boolean subscribe, boolean publish, boolean presence, boolean latest) {
    /** A user that is not one segment, or none at all, is nobody's {user}. */
    private boolean matches(String name, Optional<String> user, boolean anyUser) {
      String[] wanted = pattern.split("\\.", -1);
      String[] given = name.split("\\.", -1);
      if (wanted.length != given.length) {
        return false;
      }
      for (int i = 0; i < wanted.length; i++) {
        if (!matches(wanted[i], given[i], user, anyUser)) {
          return false;
        }
      }
      return true;
    }

    private static boolean matches(
        String wanted, String given, Optional<String> user, boolean anyUser) {
      if (wanted.equals("*")) {
        return !given.isEmpty();
      }
      int at = wanted.indexOf(USER);
      if (at < 0) {
        return wanted.equals(given);
      }
      if (!anyUser) {
        return user.filter(each -> !each.isEmpty() && each.indexOf('.') < 0)
            .filter(each -> wanted.replace(USER, each).equals(given))
            .isPresent();
      }
      return given.matches(
          Stream.of(wanted.split(Pattern.quote(USER), -1))
              .map(Pattern::quote)
              .collect(Collectors.joining("[^.]+")));
    }
  }

  /** The rule for a channel of a client. */
  public Optional<Rule> rule(String name, Optional<String> user) {
    return rules.stream().filter(rule -> rule.matches(name, user, false)).findFirst();
  }

  /** Whether a rule, for whichever user, says that only the newest message counts. */
  public boolean latest(String name) {
    return rules.stream()
        .anyMatch(rule -> rule.latest() && rule.matches(name, Optional.empty(), true));
  }

  /**
   * Reads the section of an app.yaml.
   *
   * @throws HeddleException of kind USER
   */
  public static ChannelRules read(JsonNode section) {
    var fields = new JsonFields("channels", section);
    var rules = new ArrayList<Rule>();
    for (String pattern : fields.names()) {
      if (!PATTERN.matcher(pattern).matches()) {
        throw invalid(
            "channels." + pattern,
            "a name of letters, digits, '.', '_', '-', with '*' for a whole segment or {user}");
      }
      var rule = new JsonFields(fields.at(pattern), section.path(pattern), FIELDS);
      if (rule.flag("durable")) {
        throw new HeddleException(
            ErrorCode.NOT_OFFERED,
            rule.at("durable")
                + ": true (expected: false, as datasets have no change feeds in this version)");
      }
      rules.add(
          new Rule(
              pattern,
              rule.flag("subscribe"),
              rule.flag("publish"),
              rule.flag("presence"),
              rule.flag("latest")));
    }
    if (rules.size() > MOST) {
      throw invalid("channels: " + rules.size(), "at most " + MOST + " patterns");
    }
    return new ChannelRules(rules);
  }

  private static HeddleException invalid(String what, String expected) {
    return new HeddleException(ErrorCode.INVALID_REQUEST, what + " (expected: " + expected + ")");
  }
}
