package dev.heddle.cli.demo;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.stream.Stream;

/** Content digests of files, to see whether they have changed. */
final class Digest {
  private Digest() {}

  /** SHA-256 of a file, or of all files below a folder with their names; in hex. */
  static String of(Path path) throws IOException {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
    try (Stream<Path> walk = Files.walk(path)) {
      for (Path file :
          walk.filter(Files::isRegularFile).sorted(Comparator.comparing(Path::toString)).toList()) {
        byte[] content = Files.readAllBytes(file);
        String head = path.relativize(file) + "\n" + content.length + "\n";
        digest.update(head.getBytes(StandardCharsets.UTF_8));
        digest.update(content);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }
}
