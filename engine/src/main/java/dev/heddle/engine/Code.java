package dev.heddle.engine;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;

/**
 * What was deployed: one file, or the files of an archive that was found harmless.
 *
 * @param bytes as deployed
 * @param files contents by path, with {@code /} between names; a single file stands under the name
 *     {@code ""}
 */
public record Code(byte[] bytes, Map<String, byte[]> files) {
  /** The path of a single file. */
  public static final String SINGLE = "";

  /** Whether it is one file, not a folder. */
  public boolean single() {
    return files.containsKey(SINGLE);
  }

  /**
   * The text of the folder's heddle.yaml; empty for a single file.
   *
   * @throws HeddleException INVALID_FUNCTION if it is no text
   */
  public Optional<String> manifest() {
    var yaml = files.get(Archive.MANIFEST);
    if (yaml == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(yaml)).toString());
    } catch (CharacterCodingException e) {
      throw new HeddleException(
          ErrorCode.INVALID_FUNCTION, "heddle.yaml: not UTF-8 (expected: text in UTF-8)", e);
    }
  }
}
