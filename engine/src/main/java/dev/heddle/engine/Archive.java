package dev.heddle.engine;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.Map;

/** Code as it was deployed: the zip of a function's folder, or a single file. */
public final class Archive {
  /** What the root of a function's folder holds. */
  public static final String MANIFEST = "heddle.yaml";

  private Archive() {}

  /**
   * The files of what was deployed. A zip archive with {@code heddle.yaml} in its root is a folder;
   * anything else, jars and modules among it, is a single file that its runtime will judge. The
   * same bytes are always the same code.
   *
   * @throws HeddleException INVALID_FUNCTION for an archive that is not harmless or beyond the
   *     limits
   */
  public static Code read(byte[] bytes, ArchiveLimits limits) {
    if (bytes.length > limits.maxArchive().bytes()) {
      throw Refusals.refuse(
          ErrorCode.INVALID_FUNCTION,
          "code",
          bytes.length + " bytes",
          "at most " + limits.maxArchive());
    }
    if (ZipFiles.looksLikeOne(bytes)) {
      var files = ZipFiles.unpack(bytes, limits);
      if (files.containsKey(MANIFEST)) {
        return new Code(bytes, files);
      }
    }
    return new Code(bytes, Map.of(Code.SINGLE, bytes));
  }
}
