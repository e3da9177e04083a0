package dev.heddle.gateway.http;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.MACVerifier;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import dev.heddle.process.ConfigReader;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.RequestContext;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.text.ParseException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * JSON Web Tokens (RFC 7519) of issuers whose keys a file names. A token holds if one of its
 * issuer's keys signed it <i>with the algorithm that the file gives that key</i>, whatever the
 * token says (RFC 8725, 3.1), for this audience and this time. Read once; thread-safe.
 */
public final class JwtIssuers {
  private static final int MOST = 100;
  private static final int MOST_KEYS = 16;
  private static final int LONGEST_TOKEN = 8 << 10;
  private static final int LONGEST_CLAIM = 1_024;

  /** Clocks differ. */
  private static final Duration SKEW = Duration.ofSeconds(30);

  private static final Set<PosixFilePermission> OWNER_ONLY =
      Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);

  /**
   * A key of an issuer.
   *
   * @param id as tokens name it: {@code kid}
   * @param key PEM of a public key; of an HMAC, base64 of the secret
   */
  record Key(String id, String algorithm, String key) {}

  /**
   * Who issues tokens.
   *
   * @param issuer as tokens name it: {@code iss}
   * @param audience that tokens must be for: {@code aud}
   * @param tenant whose users it knows
   */
  record Issuer(String issuer, String audience, String tenant, List<Key> keys) {}

  record IssuersFile(List<Issuer> issuers) {}

  private record Verifier(String id, JWSAlgorithm algorithm, JWSVerifier verifier) {}

  private record Trusted(String audience, String tenant, List<Verifier> verifiers) {}

  private final Map<String, Trusted> trusted;
  private final Clock clock;

  private JwtIssuers(Map<String, Trusted> trusted, Clock clock) {
    this.trusted = trusted;
    this.clock = clock;
  }

  /**
   * Reads the file.
   *
   * @param file absent: no token holds
   * @throws HeddleException INVALID_REQUEST if it is missing, malformed, or readable by others
   */
  public static JwtIssuers read(Optional<Path> file, Clock clock) {
    return new JwtIssuers(file.map(JwtIssuers::trusted).orElse(Map.of()), clock);
  }

  private static Map<String, Trusted> trusted(Path file) {
    requirePrivate(file);
    List<Issuer> issuers = ConfigReader.readYaml(file, new IssuersFile(List.of())).issuers();
    if (issuers.isEmpty() || issuers.size() > MOST) {
      throw invalid(file, "issuers: " + issuers.size(), "1.." + MOST);
    }
    var trusted = new LinkedHashMap<String, Trusted>();
    for (Issuer issuer : issuers) {
      if (issuer.issuer().isEmpty() || issuer.audience().isEmpty()) {
        throw invalid(file, "issuer " + issuer.issuer(), "an issuer and an audience");
      }
      RequestContext.checkTenant(issuer.tenant());
      var known = new Trusted(issuer.audience(), issuer.tenant(), verifiers(file, issuer));
      if (trusted.put(issuer.issuer(), known) != null) {
        throw invalid(file, "issuer " + issuer.issuer(), "each issuer once");
      }
    }
    return trusted;
  }

  private static List<Verifier> verifiers(Path file, Issuer issuer) {
    if (issuer.keys().isEmpty() || issuer.keys().size() > MOST_KEYS) {
      throw invalid(file, "keys of " + issuer.issuer(), "1.." + MOST_KEYS + " keys");
    }
    var verifiers = new ArrayList<Verifier>();
    var ids = new HashSet<String>();
    for (Key key : issuer.keys()) {
      if (key.id().isEmpty() || !ids.add(key.id())) {
        throw invalid(file, "key id " + key.id() + " of " + issuer.issuer(), "each id once");
      }
      JWSAlgorithm algorithm = JWSAlgorithm.parse(key.algorithm());
      try {
        verifiers.add(new Verifier(key.id(), algorithm, verifier(algorithm, key.key())));
      } catch (GeneralSecurityException | JOSEException | RuntimeException e) {
        throw new HeddleException(
            ErrorCode.INVALID_REQUEST,
            "jwt: "
                + file
                + ": key "
                + key.id()
                + " of "
                + issuer.issuer()
                + " (expected: algorithm HS256.., RS256.., PS256.. or ES256.. and its key: PEM of a"
                + " public one, or base64 of a secret as long as the hash)",
            e);
      }
    }
    return verifiers;
  }

  private static JWSVerifier verifier(JWSAlgorithm algorithm, String key)
      throws GeneralSecurityException, JOSEException {
    if (JWSAlgorithm.Family.HMAC_SHA.contains(algorithm)) {
      byte[] secret = Base64.getDecoder().decode(key.strip());
      int bits = Integer.parseInt(algorithm.getName().substring(2));
      if (8 * secret.length < bits) {
        throw new GeneralSecurityException("secret: too short");
      }
      return new MACVerifier(secret);
    }
    if (JWSAlgorithm.Family.RSA.contains(algorithm)) {
      RSAPublicKey rsa = (RSAPublicKey) publicKey("RSA", key);
      if (rsa.getModulus().bitLength() < 2_048) {
        throw new GeneralSecurityException("modulus: below 2048 bits");
      }
      return new RSASSAVerifier(rsa);
    }
    if (JWSAlgorithm.Family.EC.contains(algorithm)) {
      var verifier = new ECDSAVerifier((ECPublicKey) publicKey("EC", key));
      if (verifier.supportedJWSAlgorithms().contains(algorithm)) {
        return verifier;
      }
    }
    throw new GeneralSecurityException("algorithm: " + algorithm);
  }

  private static PublicKey publicKey(String kind, String pem) throws GeneralSecurityException {
    String base64 = pem.replaceAll("-----(BEGIN|END) PUBLIC KEY-----", "").replaceAll("\\s", "");
    byte[] der = Base64.getDecoder().decode(base64);
    return KeyFactory.getInstance(kind).generatePublic(new X509EncodedKeySpec(der));
  }

  private static void requirePrivate(Path file) {
    try {
      if (Files.getFileStore(file).supportsFileAttributeView("posix")
          && !OWNER_ONLY.containsAll(Files.getPosixFilePermissions(file))) {
        throw invalid(file, "readable or writable by others", "mode 0600");
      }
    } catch (IOException e) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST, "jwt: " + file + " (expected: a readable file)", e);
    }
  }

  private static HeddleException invalid(Path file, String what, String expected) {
    return new HeddleException(
        ErrorCode.INVALID_REQUEST, "jwt: " + file + ": " + what + " (expected: " + expected + ")");
  }

  /** Whether this has the form of a token, and any may hold. An API key may look so, too. */
  boolean looksLikeOne(String bearer) {
    return !trusted.isEmpty() && bearer.chars().filter(c -> c == '.').count() == 2;
  }

  /**
   * What a token says.
   *
   * @throws HeddleException UNAUTHENTICATED for one that does not hold; why is told only as far as
   *     its owner knows it anyway
   */
  public UserToken verify(String token) {
    if (token.length() > LONGEST_TOKEN) {
      throw refused("longer than " + LONGEST_TOKEN + " characters");
    }
    try {
      // A token that is not signed ("alg": "none") is none of these.
      SignedJWT jwt = SignedJWT.parse(token);
      JWTClaimsSet claims = jwt.getJWTClaimsSet();
      Trusted issuer = claims.getIssuer() == null ? null : trusted.get(claims.getIssuer());
      if (issuer == null || !signed(jwt, issuer)) {
        throw refused("not signed by a key of an issuer that is known");
      }
      return checked(claims, issuer);
    } catch (ParseException e) {
      throw refused("not a signed JWT");
    } catch (JOSEException e) {
      throw refused("its signature cannot be verified");
    }
  }

  private static boolean signed(SignedJWT jwt, Trusted issuer) throws JOSEException {
    String id = jwt.getHeader().getKeyID();
    for (Verifier each : issuer.verifiers()) {
      boolean meant = id == null || each.id().equals(id);
      if (meant
          && each.algorithm().equals(jwt.getHeader().getAlgorithm())
          && jwt.verify(each.verifier())) {
        return true;
      }
    }
    return false;
  }

  private UserToken checked(JWTClaimsSet claims, Trusted issuer) {
    Instant now = clock.instant();
    Instant expires = instant(claims.getExpirationTime());
    if (expires == null) {
      throw refused("without expiry");
    }
    if (!now.isBefore(expires.plus(SKEW))) {
      throw refused("expired");
    }
    Instant begins = instant(claims.getNotBeforeTime());
    if (begins != null && now.plus(SKEW).isBefore(begins)) {
      throw refused("not valid yet");
    }
    if (!claims.getAudience().contains(issuer.audience())) {
      throw refused("for another audience");
    }
    var texts = new LinkedHashMap<String, String>();
    claims
        .getClaims()
        .forEach((name, value) -> {
          boolean plain =
              value instanceof String || value instanceof Number || value instanceof Boolean;
          if (plain && value.toString().length() <= LONGEST_CLAIM) {
            texts.put(name, value.toString());
          }
        });
    return new UserToken(issuer.tenant(), claims.getIssuer(), texts, expires.plus(SKEW));
  }

  private static @Nullable Instant instant(@Nullable Date date) {
    return date == null ? null : date.toInstant();
  }

  private static HeddleException refused(String why) {
    return new HeddleException(
        ErrorCode.UNAUTHENTICATED, "token: " + why + " (expected: a JWT that holds)");
  }
}
