package dev.heddle.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import dev.heddle.gateway.SharedGrid;
import dev.heddle.gateway.TestIssuer;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.testing.ManualClock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPairGenerator;
import java.security.interfaces.ECPrivateKey;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JwtIssuersTest {
  private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");
  private static final Instant LATER = NOW.plus(Duration.ofMinutes(10));
  private static final TestIssuer ISSUER = new TestIssuer();

  private final ManualClock clock = new ManualClock(NOW);

  @TempDir private Path directory;

  @SuppressWarnings("NullAway.Init") // Set before each test.
  private JwtIssuers issuers;

  @BeforeEach
  void read() throws Exception {
    issuers = JwtIssuers.read(Optional.of(ISSUER.file(directory, "acme")), clock);
  }

  private void refused(String why, String token) {
    var refused = assertThrows(HeddleException.class, () -> issuers.verify(token), why);
    assertEquals(ErrorCode.UNAUTHENTICATED, refused.code());
    assertTrue(String.valueOf(refused.getMessage()).contains(why), refused.getMessage());
  }

  private static JWTClaimsSet claims() {
    return TestIssuer.claims("ada", LATER).build();
  }

  @Test
  void aTokenThatHoldsSaysWhoseItIs() {
    for (JWSAlgorithm algorithm : List.of(JWSAlgorithm.HS256, JWSAlgorithm.RS256)) {
      String key = algorithm.getName().substring(0, 1).toLowerCase(java.util.Locale.ROOT);
      assertEquals(
          Optional.of("ada"), issuers.verify(ISSUER.sign(key, algorithm, claims())).claim("sub"));
    }
    var claims =
        TestIssuer.claims("ada", LATER)
            .claim("name", "Ada L.")
            .claim("level", 3)
            .claim("roles", List.of("a", "b"))
            .claim("long", "x".repeat(2_000))
            .build();
    UserToken token = issuers.verify(ISSUER.sign("e", JWSAlgorithm.ES256, claims));
    assertEquals("acme", token.tenant());
    assertEquals(Optional.of("Ada L."), token.claim("name"));
    assertEquals(Optional.of("3"), token.claim("level"));
    assertEquals(Optional.empty(), token.claim("roles"), "neither lists");
    assertEquals(Optional.empty(), token.claim("long"), "nor what is long");
    assertEquals(LATER.plusSeconds(30), token.expires());
    // Without a name of the key each of the algorithm is tried.
    assertTrue(
        issuers.verify(ISSUER.sign(null, JWSAlgorithm.ES256, claims())).claim("sub").isPresent());
  }

  @Test
  void whatIsNotSignedByItsIssuersKeyIsRefused() throws Exception {
    refused("not a signed JWT", new PlainJWT(claims()).serialize());
    String header =
        Base64.getUrlEncoder()
            .encodeToString("{\"alg\":\"none\"}".getBytes(StandardCharsets.US_ASCII));
    String body = ISSUER.token("ada", LATER).split("\\.")[1];
    refused("not a signed JWT", header.replace("=", "") + "." + body + ".AAAA");
    var stranger = KeyPairGenerator.getInstance("EC");
    stranger.initialize(256);
    var signer = new ECDSASigner((ECPrivateKey) stranger.generateKeyPair().getPrivate());
    refused("not signed by", TestIssuer.sign("e", JWSAlgorithm.ES256, claims(), signer));
    refused("not signed by", ISSUER.sign("r", JWSAlgorithm.ES256, claims()));
    refused("not signed by", ISSUER.sign("unknown", JWSAlgorithm.ES256, claims()));
    // The public key as the secret of an HMAC: the file says which algorithm a key is for.
    var confused = new MACSigner(ISSUER.rsa.getPublic().getEncoded());
    refused("not signed by", TestIssuer.sign("r", JWSAlgorithm.HS256, claims(), confused));
    refused("not signed by", TestIssuer.sign(null, JWSAlgorithm.HS256, claims(), confused));
  }

  @Test
  void whatWasChangedOnItsWayIsRefused() {
    String[] parts = ISSUER.token("ada", LATER).split("\\.");
    String other = ISSUER.token("eve", LATER).split("\\.")[1];
    refused("not signed by", parts[0] + "." + other + "." + parts[2]);
    for (int i = 0; i < parts[2].length(); i += 7) {
      char c = parts[2].charAt(i) == 'A' ? 'B' : 'A';
      String forged = parts[2].substring(0, i) + c + parts[2].substring(i + 1);
      assertThrows(
          HeddleException.class, () -> issuers.verify(parts[0] + "." + parts[1] + "." + forged));
    }
    refused("longer than", "a".repeat(9_000) + "..");
    refused("not a signed JWT", "a.b.c");
    refused("not a signed JWT", "..");
  }

  @Test
  void anotherTimeIssuerOrAudienceIsRefused() {
    String token = ISSUER.token("ada", LATER);
    clock.advance(Duration.ofMinutes(10).plusSeconds(29));
    assertEquals("acme", issuers.verify(token).tenant(), "clocks differ a little");
    clock.advance(Duration.ofSeconds(1));
    refused("expired", token);
    clock.advance(Duration.ofMinutes(-11));
    var early =
        TestIssuer.claims("ada", LATER).notBeforeTime(Date.from(NOW.plusSeconds(60))).build();
    refused("not valid yet", ISSUER.sign("e", JWSAlgorithm.ES256, early));
    var forever = new JWTClaimsSet.Builder(claims()).expirationTime(null).build();
    refused("without expiry", ISSUER.sign("e", JWSAlgorithm.ES256, forever));
    var elsewhere = new JWTClaimsSet.Builder(claims()).audience("bank").build();
    refused("another audience", ISSUER.sign("e", JWSAlgorithm.ES256, elsewhere));
    var nobody = new JWTClaimsSet.Builder(claims()).audience((String) null).build();
    refused("another audience", ISSUER.sign("e", JWSAlgorithm.ES256, nobody));
    var other = new JWTClaimsSet.Builder(claims()).issuer("https://evil.example").build();
    refused("not signed by", ISSUER.sign("e", JWSAlgorithm.ES256, other));
    var none = new JWTClaimsSet.Builder(claims()).issuer(null).build();
    refused("not signed by", ISSUER.sign("e", JWSAlgorithm.ES256, none));
  }

  @Test
  void withoutIssuersNothingIsAToken() {
    JwtIssuers none = JwtIssuers.read(Optional.empty(), clock);
    assertFalse(none.looksLikeOne(ISSUER.token("ada", LATER)));
    assertThrows(HeddleException.class, () -> none.verify(ISSUER.token("ada", LATER)));
    assertTrue(issuers.looksLikeOne(ISSUER.token("ada", LATER)));
    assertFalse(issuers.looksLikeOne("key-of-tenant-acme-1"));
  }

  private void badFile(String problem, String yaml) throws Exception {
    Path file = SharedGrid.secret(directory.resolve("bad-" + problem.hashCode()), yaml);
    var refused =
        assertThrows(
            HeddleException.class, () -> JwtIssuers.read(Optional.of(file), clock), problem);
    assertTrue(String.valueOf(refused.getMessage()).contains(problem), refused.getMessage());
  }

  @Test
  void aFileThatDoesNotServeIsRefusedAtTheStart() throws Exception {
    badFile("issuers: 0", "issuers: []\n");
    String form =
        "issuers:\n"
            + "  - {issuer: i, audience: a, tenant: t, keys: [{id: %s, algorithm: %s, key:"
            + " \"%s\"}]}\n";
    badFile("key short of i", form.formatted("short", "HS512", "c2hvcnQ="));
    badFile("key none of i", form.formatted("none", "none", "c2hvcnQ="));
    badFile(
        "key other of i", form.formatted("other", "ES256", TestIssuer.pem(ISSUER.rsa.getPublic())));
    badFile(
        "key curve of i", form.formatted("curve", "ES384", TestIssuer.pem(ISSUER.ec.getPublic())));
    Path open = directory.resolve("open.yaml");
    Files.writeString(open, "issuers: []\n");
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rw-r--r--"));
    var refused =
        assertThrows(HeddleException.class, () -> JwtIssuers.read(Optional.of(open), clock));
    assertTrue(String.valueOf(refused.getMessage()).contains("0600"), refused.getMessage());
  }
}
