package dev.heddle.cli.node;

import dev.heddle.process.DataDirectory;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The format of data directories, and what is said about older ones. */
public final class DataFormat {
  /** 1: one copy of each shard, the catalog in a file; 2: both replicated. */
  public static final int VERSION = 2;

  private static final Pattern MARK = Pattern.compile("([a-z]+) (\\d{1,9})\\s*");

  private DataFormat() {}

  /**
   * Opens and locks a directory.
   *
   * @param what kind of data, one word
   * @param remedy what to do with a directory of an older format
   * @throws HeddleException CONFLICT if another process has it, STORAGE_FAILED if it is of another
   *     format or cannot be used
   */
  public static DataDirectory open(Path directory, String what, String remedy) {
    Path mark = directory.resolve("format");
    if (Files.isRegularFile(mark)) {
      try {
        Matcher found = MARK.matcher(Files.readString(mark));
        if (found.matches()
            && found.group(1).equals(what)
            && Integer.parseInt(found.group(2)) < VERSION) {
          throw new HeddleException(
              ErrorCode.STORAGE_FAILED,
              "data directory: "
                  + directory
                  + ": format "
                  + found.group(2)
                  + ", from before data was replicated (expected: format "
                  + VERSION
                  + "): "
                  + remedy);
        }
      } catch (IOException e) {
        throw new HeddleException(
            ErrorCode.STORAGE_FAILED, mark + " (expected: a readable file): " + e, e);
      }
    }
    return DataDirectory.open(directory, VERSION, what);
  }
}
