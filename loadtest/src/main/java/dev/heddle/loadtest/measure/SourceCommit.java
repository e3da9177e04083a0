package dev.heddle.loadtest.measure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;

/** Reads which commit a checkout stands at, without running git. */
final class SourceCommit {
  private static final Pattern DIGEST = Pattern.compile("[0-9a-f]{40}|[0-9a-f]{64}");
  private static final String REFERENCE = "ref: ";

  private SourceCommit() {}

  /** The commit; empty where the folder is no checkout or has no commit yet. */
  static Optional<String> of(Path checkout) {
    var git = checkout.resolve(".git");
    try {
      var head = Files.readString(git.resolve("HEAD")).strip();
      if (!head.startsWith(REFERENCE)) {
        return Optional.of(head).filter(text -> DIGEST.matcher(text).matches());
      }
      var reference = head.substring(REFERENCE.length());
      var loose = git.resolve(reference);
      return Files.exists(loose)
          ? Optional.of(Files.readString(loose).strip())
              .filter(text -> DIGEST.matcher(text).matches())
          : packed(git.resolve("packed-refs"), reference);
    } catch (IOException e) {
      // No checkout, or one that git is just changing: the commit is not known.
      return Optional.empty();
    }
  }

  private static Optional<String> packed(Path file, String reference) throws IOException {
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try (var lines = Files.lines(file)) {
      return lines
          .filter(line -> line.endsWith(" " + reference))
          .map(line -> line.substring(0, line.indexOf(' ')))
          .filter(text -> DIGEST.matcher(text).matches())
          .findFirst();
    }
  }
}
