package dev.heddle.loadtest.chaos;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a run did and found.
 *
 * @param figures by name, in order
 * @param problems anything that must not be; empty: the cluster held
 */
public record ChaosReport(Map<String, Object> figures, List<String> problems) {
  public ChaosReport {
    figures = Collections.unmodifiableMap(new LinkedHashMap<>(figures));
    problems = List.copyOf(problems);
  }

  public boolean failed() {
    return !problems.isEmpty();
  }

  /** A figure; 0 where there is none of the name. */
  public double figure(String name) {
    return figures.get(name) instanceof Number number ? number.doubleValue() : 0;
  }

  /** One line of JSON. */
  public String json() {
    var json = JsonMapper.shared().createObjectNode();
    figures.forEach((name, value) -> json.set(name, JsonMapper.shared().valueToTree(value)));
    json.set("problems", JsonMapper.shared().valueToTree(problems));
    return json.toString();
  }

  /** Lines for people. */
  @Override
  public String toString() {
    var text = new StringBuilder();
    figures.forEach((name, value) -> text.append(name).append(' ').append(value).append('\n'));
    problems.forEach(problem -> text.append("PROBLEM: ").append(problem).append('\n'));
    return text.toString();
  }
}
