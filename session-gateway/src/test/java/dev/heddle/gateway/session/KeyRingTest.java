package dev.heddle.gateway.session;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import javax.crypto.KDF;
import javax.crypto.spec.HKDFParameterSpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeyRingTest {
  @TempDir Path directory;

  private Path write(String yaml, String permissions) throws IOException {
    Path file = directory.resolve("keys.yaml");
    Files.deleteIfExists(file);
    Files.createFile(
        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(file, yaml);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
    return file;
  }

  private static String key(String id, char fill) {
    String secret =
        java.util.Base64.getEncoder()
            .encodeToString(String.valueOf(fill).repeat(32).getBytes(StandardCharsets.UTF_8));
    return "  - {id: " + id + ", secret: \"" + secret + "\"}\n";
  }

  @Test
  void aCreatedRingIsReadableByItsOwnerOnlyAndStaysAsItIs() throws IOException {
    Path file = directory.resolve("created.yaml");
    KeyRing.createIfAbsent(file);
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    String content = Files.readString(file);
    KeyRing.createIfAbsent(file);
    assertEquals(content, Files.readString(file));
    assertEquals("k1", KeyRing.read(file).newest().id());
  }

  @Test
  void keysOfSinglePurposesAreDerivedAsHkdfSays() throws Exception {
    byte[] secret = "a".repeat(32).getBytes(StandardCharsets.UTF_8);
    var key = KeyRing.read(write("grid: g\nkeys:\n" + key("a", 'a'), "rw-------")).newest();
    for (String purpose : List.of("", "one", "another", "x".repeat(300))) {
      var expected =
          KDF.getInstance("HKDF-SHA256")
              .deriveData(
                  HKDFParameterSpec.ofExtract()
                      .addIKM(secret)
                      .thenExpand(purpose.getBytes(StandardCharsets.UTF_8), 32));
      assertArrayEquals(expected, key.derive("AES", purpose).getEncoded());
    }
  }

  @Test
  void refusesAFileThatOthersCanRead() throws IOException {
    Path file = write("grid: g\nkeys:\n" + key("a", 'a'), "rw-r-----");
    String message = assertThrows(HeddleException.class, () -> KeyRing.read(file)).getMessage();
    assertTrue(message.contains("rw-r-----"), message);
  }

  @Test
  void refusesMalformedRings() throws IOException {
    for (String yaml :
        new String[] {
          "",
          "grid: a b\nkeys:\n" + key("a", 'a'),
          "grid: g\nkeys: []",
          "grid: g\nkeys: 1",
          "grid: g\nkeys:\n  - {id: a, secret: \"AAAA\"}",
          "grid: g\nkeys:\n  - {id: \"a b\", secret: x}",
          "grid: g\nkeys:\n" + key("a", 'a') + key("a", 'b'),
          "keys: ["
        }) {
      Path file = write(yaml, "rw-------");
      assertThrows(HeddleException.class, () -> KeyRing.read(file), yaml);
    }
    assertThrows(HeddleException.class, () -> KeyRing.read(directory.resolve("none")));
  }

  @Test
  void newSignaturesUseTheNewestKeyAndOldOnesStillVerifyUntilTheirKeyGoes() throws IOException {
    KeyRing old = KeyRing.read(write("grid: g\nkeys:\n" + key("a", 'a'), "rw-------"));
    KeyRing both =
        KeyRing.read(write("grid: g\nkeys:\n" + key("a", 'a') + key("b", 'b'), "rw-------"));
    KeyRing rotated = KeyRing.read(write("grid: g\nkeys:\n" + key("b", 'b'), "rw-------"));
    var before = new SessionCookie(old);
    var during = new SessionCookie(both);
    var after = new SessionCookie(rotated);
    String id = before.newId(Instant.now());
    String oldValue = before.value("t", id);
    String newValue = during.value("t", id);
    assertEquals(Optional.of(id), during.verify("t", oldValue));
    assertEquals(Optional.of(id), during.verify("t", newValue));
    assertEquals(Optional.of(id), after.verify("t", newValue));
    assertEquals(Optional.empty(), after.verify("t", oldValue));
    assertEquals(Optional.empty(), before.verify("t", newValue));
  }

  @Test
  void valuesOfAnOlderKeyStillOpen() throws IOException {
    KeyRing old = KeyRing.read(write("grid: g\nkeys:\n" + key("a", 'a'), "rw-------"));
    KeyRing both =
        KeyRing.read(write("grid: g\nkeys:\n" + key("a", 'a') + key("b", 'b'), "rw-------"));
    byte[] sealed = new AttributeCipher(old).seal("t", "s", "n", new byte[] {1, 2});
    assertEquals(2, new AttributeCipher(both).open("t", "s", "n", sealed).length);
    byte[] newer = new AttributeCipher(both).seal("t", "s", "n", new byte[] {1});
    assertThrows(HeddleException.class, () -> new AttributeCipher(old).open("t", "s", "n", newer));
  }

  @Test
  void anIdTellsWhenItWasMade() {
    var cookie = new SessionCookie(KeyRing.ephemeral());
    Instant now = Instant.ofEpochSecond(3_000_000_000L);
    assertEquals(Optional.of(now), SessionCookie.created(cookie.newId(now)));
    assertEquals(Optional.empty(), SessionCookie.created("short"));
  }
}
