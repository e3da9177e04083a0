package dev.heddle.catalog;

import dev.heddle.process.DataSize;
import dev.heddle.process.DurationFormat;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.deser.std.StdDeserializer;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.module.SimpleModule;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.ser.std.StdSerializer;

/**
 * The records as stored JSON: an object with the components under their names; times as ISO-8601,
 * durations as {@code 200ms}, sizes as {@code 64MiB}. Unknown fields are skipped, so that an older
 * node reads what a newer one of the same format has written; missing ones are errors.
 */
final class CatalogJson {
  private static final Logger log = LoggerFactory.getLogger(CatalogJson.class);

  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .addModule(
              new SimpleModule()
                  .addSerializer(new AsText<>(Duration.class, DurationFormat::format))
                  .addDeserializer(
                      Duration.class, new FromText<>(Duration.class, DurationFormat::parse))
                  .addSerializer(new AsText<>(Instant.class, Instant::toString))
                  .addDeserializer(Instant.class, new FromText<>(Instant.class, Instant::parse))
                  .addSerializer(new AsText<>(DataSize.class, DataSize::toString))
                  .addDeserializer(DataSize.class, new FromText<>(DataSize.class, DataSize::parse))
                  .addDeserializer(ShardPlacement.class, new FromStored()))
          .build();

  private CatalogJson() {}

  static String write(Object value) {
    return MAPPER.writeValueAsString(value);
  }

  /**
   * The record of an entry.
   *
   * @throws HeddleException INVALID_REQUEST if the value is not one of the key's kind, or belongs
   *     under another key
   */
  static Object read(String key, String value) {
    @Nullable Object read;
    try {
      read = MAPPER.readValue(value, typeOf(key));
    } catch (JacksonException e) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          "value of " + key + ": " + e.getOriginalMessage() + " (expected: a record of its kind)",
          e);
    }
    if (read == null) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST, "value of " + key + ": null (expected: a record of its kind)");
    }
    if (!CatalogKeys.of(read).equals(key)) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          "key: " + key + " (expected: " + CatalogKeys.of(read) + ", as the value says)");
    }
    return read;
  }

  /** For readers, who must go on when a single entry is of no use to them. */
  static Optional<Object> readKnown(CatalogEntry entry) {
    try {
      return Optional.of(read(entry.key(), entry.value()));
    } catch (HeddleException e) {
      log.error("catalog entry unreadable key={} revision={}", entry.key(), entry.revision(), e);
      return Optional.empty();
    }
  }

  private static Class<?> typeOf(String key) {
    CatalogKeys.check(key);
    return switch (key.substring(0, key.indexOf('/') + 1)) {
      case CatalogKeys.DATASET -> DatasetRecord.class;
      case CatalogKeys.FUNCTION -> FunctionRecord.class;
      case CatalogKeys.APP -> AppRecord.class;
      default -> NodeRecord.class;
    };
  }

  /** A placement as it is stored. */
  record Stored(
      int shard,
      long generation,
      String incarnation,
      List<String> nodes,
      Optional<String> joining,
      Optional<String> leaving,
      List<String> begun) {}

  /** Those that were stored before nodes told where they have begun name none. */
  private static final class FromStored extends StdDeserializer<ShardPlacement> {
    FromStored() {
      super(ShardPlacement.class);
    }

    @Override
    public ShardPlacement deserialize(JsonParser parser, DeserializationContext context) {
      JsonNode node = context.readTree(parser);
      if (node instanceof ObjectNode object && !object.has("begun")) {
        object.putArray("begun");
      }
      Stored stored = context.readTreeAsValue(node, Stored.class);
      return new ShardPlacement(
          stored.shard(),
          stored.generation(),
          stored.incarnation(),
          stored.nodes(),
          stored.joining(),
          stored.leaving(),
          stored.begun());
    }
  }

  private static final class AsText<T> extends StdSerializer<T> {
    private final Function<T, String> format;

    AsText(Class<T> type, Function<T, String> format) {
      super(type);
      this.format = format;
    }

    @Override
    public void serialize(T value, JsonGenerator generator, SerializationContext context) {
      generator.writeString(format.apply(value));
    }
  }

  private static final class FromText<T> extends StdDeserializer<T> {
    private final Function<String, T> parse;

    FromText(Class<T> type, Function<String, T> parse) {
      super(type);
      this.parse = parse;
    }

    @Override
    public T deserialize(JsonParser parser, DeserializationContext context) {
      return parse.apply(parser.getString());
    }
  }
}
