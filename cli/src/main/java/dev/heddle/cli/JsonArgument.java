package dev.heddle.cli;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reads a command line argument as JSON; wrong JSON is wrong usage. */
final class JsonArgument implements ITypeConverter<JsonNode> {
  @Override
  public JsonNode convert(String value) {
    try {
      return JsonMapper.shared().readTree(value);
    } catch (JacksonException e) {
      // What follows tells of the parser's settings.
      String reason = e.getOriginalMessage().replaceAll(" \\(.*", "");
      throw new TypeConversionException(value + " (expected: JSON; " + reason + ")");
    }
  }
}
