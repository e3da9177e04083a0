package dev.heddle.gateway;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.interfaces.ECPrivateKey;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import org.jspecify.annotations.Nullable;

/** Issues tokens with keys of its own, and writes the file that trusts them. */
public final class TestIssuer {
  public static final String NAME = "https://login.example.org";
  public static final String AUDIENCE = "chat";

  private static final byte[] SECRET =
      "a secret of thirty-two bytes, at least".getBytes(StandardCharsets.US_ASCII);

  public final KeyPair rsa = pair("RSA", 2_048);
  public final KeyPair ec = pair("EC", 256);

  private static KeyPair pair(String algorithm, int bits) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
      generator.initialize(bits);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A file that trusts it, for users of the tenant. */
  public Path file(Path directory, String tenant) throws IOException {
    return SharedGrid.secret(
        directory.resolve("issuers.yaml"),
        """
        issuers:
          - issuer: %s
            audience: %s
            tenant: %s
            keys:
              - {id: h, algorithm: HS256, key: "%s"}
              - {id: r, algorithm: RS256, key: "%s"}
              - {id: e, algorithm: ES256, key: "%s"}
        """
            .formatted(
                NAME,
                AUDIENCE,
                tenant,
                Base64.getEncoder().encodeToString(SECRET),
                pem(rsa.getPublic()),
                pem(ec.getPublic())));
  }

  /** On one line, as YAML in quotes has it. */
  public static String pem(PublicKey key) {
    String base64 = Base64.getEncoder().encodeToString(key.getEncoded());
    return "-----BEGIN PUBLIC KEY----- " + base64 + " -----END PUBLIC KEY-----";
  }

  /** Claims that hold until then. */
  public static JWTClaimsSet.Builder claims(@Nullable String user, Instant expires) {
    return new JWTClaimsSet.Builder()
        .issuer(NAME)
        .audience(AUDIENCE)
        .subject(user)
        .expirationTime(Date.from(expires));
  }

  /** A token that holds until then. */
  public String token(String user, Instant expires) {
    return sign("e", JWSAlgorithm.ES256, claims(user, expires).build());
  }

  /** Signs with the key of the algorithm, under whatever name. */
  public String sign(@Nullable String key, JWSAlgorithm algorithm, JWTClaimsSet claims) {
    try {
      JWSSigner signer =
          algorithm.equals(JWSAlgorithm.HS256)
              ? new MACSigner(SECRET)
              : algorithm.equals(JWSAlgorithm.ES256)
                  ? new ECDSASigner((ECPrivateKey) ec.getPrivate())
                  : new RSASSASigner(rsa.getPrivate());
      return sign(key, algorithm, claims, signer);
    } catch (JOSEException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Signs with any signer. */
  public static String sign(
      @Nullable String key, JWSAlgorithm algorithm, JWTClaimsSet claims, JWSSigner signer) {
    try {
      var jwt = new SignedJWT(new JWSHeader.Builder(algorithm).keyID(key).build(), claims);
      jwt.sign(signer);
      return jwt.serialize();
    } catch (JOSEException e) {
      throw new IllegalStateException(e);
    }
  }
}
