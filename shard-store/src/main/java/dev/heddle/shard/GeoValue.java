package dev.heddle.shard;

import dev.heddle.process.ErrorCode;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** A point in degrees, as documents give it. */
record GeoValue(double lat, double lon) {
  static final String EXPECTED = "{\"lat\": degrees, \"lon\": degrees} or [lon, lat]";

  /** Reads an object whose start the parser stands at; leaves it at the end. */
  static GeoValue object(String field, JsonParser parser) {
    double lat = Double.NaN;
    double lon = Double.NaN;
    for (String name = parser.nextName(); name != null; name = parser.nextName()) {
      parser.nextToken();
      switch (name) {
        case "lat" -> lat = degrees(field, parser);
        case "lon" -> lon = degrees(field, parser);
        default -> throw wrong(field, '"' + name + '"');
      }
    }
    return checked(field, lat, lon);
  }

  /** Reads an array whose first element the parser stands at; leaves it at the end. */
  static GeoValue pair(String field, JsonParser parser) {
    double lon = degrees(field, parser);
    parser.nextToken();
    double lat = degrees(field, parser);
    if (parser.nextToken() != JsonToken.END_ARRAY) {
      throw wrong(field, "an array of more than two");
    }
    return checked(field, lat, lon);
  }

  private static double degrees(String field, JsonParser parser) {
    JsonToken token = parser.currentToken();
    if (token != JsonToken.VALUE_NUMBER_INT && token != JsonToken.VALUE_NUMBER_FLOAT) {
      throw wrong(field, DocumentFields.brief(parser));
    }
    return parser.getDoubleValue();
  }

  private static GeoValue checked(String field, double lat, double lon) {
    if (Double.isNaN(lat) || Double.isNaN(lon)) {
      throw wrong(field, "an object without lat or lon");
    }
    if (Math.abs(lat) > 90 || Math.abs(lon) > 180) {
      throw new DocumentException(
          ErrorCode.OUT_OF_RANGE,
          "%s: lat %s, lon %s (expected: lat -90..90, lon -180..180)".formatted(field, lat, lon));
    }
    return new GeoValue(lat, lon);
  }

  private static DocumentException wrong(String field, String value) {
    return new DocumentException(
        ErrorCode.TYPE_MISMATCH, field + ": " + value + " (expected: " + EXPECTED + ")");
  }
}
