package dev.heddle.gateway.http;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A server's certificate and private key, read from PEM files (RFC 7468). */
final class PemKeyStore {
  /** Of the store, which never leaves the process. */
  static final String PASSWORD = "in-memory";

  private static final Pattern KEY =
      Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");
  private static final List<String> ALGORITHMS = List.of("EC", "RSA", "Ed25519");
  private static final Set<PosixFilePermission> OWNER_ONLY =
      Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);

  private PemKeyStore() {}

  /**
   * Reads both.
   *
   * @throws HeddleException INVALID_REQUEST for a file that is missing, malformed or, if it is the
   *     key's, open to others; and for a key that is not the certificate's
   */
  static KeyStore read(Path certificates, Path key) {
    try {
      requirePrivate(key);
      byte[] pem = Files.readAllBytes(certificates);
      Certificate[] chain =
          CertificateFactory.getInstance("X.509")
              .generateCertificates(new ByteArrayInputStream(pem))
              .toArray(Certificate[]::new);
      if (chain.length == 0) {
        throw invalid(certificates, "at least one certificate", null);
      }
      PrivateKey secret = privateKey(key, Files.readString(key, StandardCharsets.US_ASCII));
      if (!match(chain[0].getPublicKey(), secret)) {
        throw invalid(key, "the key of the first certificate", null);
      }
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      store.setKeyEntry("server", secret, PASSWORD.toCharArray(), chain);
      return store;
    } catch (IOException e) {
      throw invalid(certificates, "with the key, readable files", e);
    } catch (GeneralSecurityException e) {
      throw invalid(certificates, "PEM of X.509 certificates", e);
    }
  }

  private static void requirePrivate(Path key) throws IOException {
    if (Files.getFileStore(key).supportsFileAttributeView("posix")
        && !OWNER_ONLY.containsAll(Files.getPosixFilePermissions(key))) {
      throw invalid(key, "mode 0600", null);
    }
  }

  private static PrivateKey privateKey(Path file, String pem) {
    Matcher found = KEY.matcher(pem);
    if (!found.find()) {
      throw invalid(file, "-----BEGIN PRIVATE KEY-----, PKCS #8 without encryption", null);
    }
    byte[] der = Base64.getMimeDecoder().decode(found.group(1));
    try {
      for (String algorithm : ALGORITHMS) {
        try {
          return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(der));
        } catch (InvalidKeySpecException e) {
          // Another kind of key.
        }
      }
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the platform lacks one of " + ALGORITHMS, e);
    } finally {
      Arrays.fill(der, (byte) 0);
    }
    throw invalid(file, "a key of EC, RSA or Ed25519", null);
  }

  private static boolean match(PublicKey certified, PrivateKey key)
      throws GeneralSecurityException {
    String algorithm =
        switch (key.getAlgorithm()) {
          case "EC" -> "SHA256withECDSA";
          case "RSA" -> "SHA256withRSA";
          default -> "Ed25519";
        };
    byte[] text = "heddle".getBytes(StandardCharsets.US_ASCII);
    Signature signing = Signature.getInstance(algorithm);
    signing.initSign(key);
    signing.update(text);
    byte[] signature = signing.sign();
    Signature verifying = Signature.getInstance(algorithm);
    try {
      verifying.initVerify(certified);
      verifying.update(text);
      return verifying.verify(signature);
    } catch (InvalidKeyException | SignatureException e) {
      // Of another kind.
      return false;
    }
  }

  private static HeddleException invalid(Path file, String expected, @Nullable Throwable cause) {
    return new HeddleException(
        ErrorCode.INVALID_REQUEST, "tls: " + file + " (expected: " + expected + ")", cause);
  }
}
