package dev.heddle.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CredentialsTest {
  static final String KEY = "0123456789abcdef-ops";
  static final String SECRET = "s1:fedcba9876543210";

  private static final HostPort EVERYWHERE = new HostPort("0.0.0.0", 8080);

  @TempDir Path directory;

  static Credentials full(Path directory) {
    Path keys = directory.resolve("keys.yaml");
    Path secret = directory.resolve("secret");
    write(keys, "keys:\n- {id: ops, key: " + KEY + ", tenant: acme}\n");
    write(secret, "# ring\n" + SECRET + "\n\nold:aaaaaaaaaaaaaaaa\n");
    return Credentials.load(new Security(Optional.of(keys), Optional.of(secret)));
  }

  static Credentials secretOnly(Path directory, String content) {
    Path secret = directory.resolve("secret");
    write(secret, content);
    return Credentials.load(new Security(Optional.empty(), Optional.of(secret)));
  }

  private static void write(Path file, String content) {
    try {
      Files.writeString(file, content);
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void withoutCredentialsEveryoneIsDefaultAndOnlyLoopbackIsServed() {
    Credentials none = Credentials.load(Security.none());
    assertEquals(Optional.of("default"), none.tenant(null));
    assertEquals(Optional.of("default"), none.tenant("Bearer whatever"));
    assertTrue(none.allowsBind(HostPort.parse("127.0.0.1:80")));
    assertFalse(none.allowsBind(EVERYWHERE));
    assertFalse(none.allowsInternalBind(EVERYWHERE));
    HeddleException refused = assertThrows(HeddleException.class, () -> none.checkBind(EVERYWHERE));
    assertEquals(
        "bind: 0.0.0.0:8080 (expected: a loopback address, or credentials: security.api-keys)",
        refused.getMessage());
    assertFalse(none.isNode(SECRET));
  }

  @Test
  void aKeySpeaksForItsTenant() {
    Credentials credentials = full(directory);
    assertEquals(Optional.of("acme"), credentials.tenant("Bearer " + KEY));
    assertEquals(Optional.of("acme"), credentials.tenant("bearer  " + KEY + " "));
    assertTrue(credentials.tenant("Bearer " + KEY + "x").isEmpty());
    assertTrue(credentials.tenant("Basic " + KEY).isEmpty());
    assertTrue(credentials.tenant("Bearer ").isEmpty());
    assertTrue(credentials.tenant(null).isEmpty());
    assertTrue(credentials.allowsBind(EVERYWHERE));
    assertTrue(credentials.allowsInternalBind(EVERYWHERE));
  }

  @Test
  void everySecretOfTheRingIsBelievedAndTheFirstIsShown() {
    Credentials credentials = full(directory);
    assertEquals(Optional.of(SECRET), credentials.clusterSecret());
    assertTrue(credentials.isNode(SECRET));
    assertTrue(credentials.isNode("old:aaaaaaaaaaaaaaaa"));
    assertFalse(credentials.isNode("new:aaaaaaaaaaaaaaaa"));
    assertFalse(credentials.isNode(null));
  }

  @Test
  void keysNeedAClusterSecretBesideThem() {
    assertThrows(
        IllegalArgumentException.class,
        () -> new Security(Optional.of(Path.of("keys")), Optional.empty()));
  }

  @Test
  void aFileThatOthersCanReadIsRefused() throws Exception {
    full(directory);
    Path secret = directory.resolve("secret");
    Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-r-----"));
    HeddleException refused =
        assertThrows(
            HeddleException.class,
            () -> Credentials.load(new Security(Optional.empty(), Optional.of(secret))));
    assertTrue(refused.getMessage().contains("0600"));
  }

  @Test
  void malformedFilesAreRefusedWithoutShowingSecrets() {
    for (String content :
        new String[] {"", "short:abc", "nocolonbutlongenough0123", ":aaaaaaaaaaaaaaaaaa"}) {
      HeddleException refused =
          assertThrows(HeddleException.class, () -> secretOnly(directory, content), content);
      assertFalse(refused.getMessage().contains("aaaaaa"), refused.getMessage());
    }
    Path keys = directory.resolve("k.yaml");
    Path secret = directory.resolve("secret");
    write(secret, SECRET);
    for (String yaml :
        new String[] {
          "keys: []",
          "keys: [{id: a, key: tooshort, tenant: t}]",
          "keys: [{id: a, key: 0123456789abcdefg, tenant: 't/x'}]",
          "keys: [{id: a, key: 0123456789abcdefg, tenant: t},{id: a, key: 1123456789abcdefg,"
              + " tenant: t}]",
          "keys: [{id: a, key: 0123456789abcdefg, tenant: t},{id: b, key: 0123456789abcdefg,"
              + " tenant: t}]",
          "kies: []"
        }) {
      write(keys, yaml);
      HeddleException refused =
          assertThrows(
              HeddleException.class,
              () -> Credentials.load(new Security(Optional.of(keys), Optional.of(secret))),
              yaml);
      assertFalse(refused.getMessage().contains("tooshort"), refused.getMessage());
    }
    assertThrows(
        HeddleException.class,
        () ->
            Credentials.load(
                new Security(Optional.empty(), Optional.of(directory.resolve("gone")))));
  }
}
