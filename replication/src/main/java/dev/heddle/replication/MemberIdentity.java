package dev.heddle.replication;

import java.math.BigInteger;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPrivateKeySpec;
import java.security.spec.ECPublicKeySpec;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import javax.crypto.KDF;
import javax.crypto.spec.HKDFParameterSpec;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.apache.ratis.grpc.GrpcTlsConfig;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x9.X9ECParameters;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.crypto.ec.CustomNamedCurves;
import org.bouncycastle.math.ec.ECPoint;
import org.bouncycastle.math.ec.FixedPointCombMultiplier;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.jspecify.annotations.Nullable;

/**
 * How members prove to each other that they know the cluster's secret: each end of a connection
 * shows, in mutual TLS, that it holds the private key that follows from the secret. Names and dates
 * in certificates mean nothing.
 *
 * <p>The key is a P-256 key whose number is HKDF-SHA256 (RFC 5869) of the secret, so many bits
 * longer than the curve's order that its bias is of no account (FIPS 186-5, A.2.1).
 */
final class MemberIdentity {
  private static final String CURVE = "secp256r1";
  private static final byte[] PURPOSE = "heddle replication".getBytes(StandardCharsets.US_ASCII);
  private static final int SEED_BYTES = 48;
  private static final String ALIAS = "member";
  private static final X500Name NAME = new X500Name("CN=heddle");
  private static final Instant ALWAYS = Instant.parse("2000-01-01T00:00:00Z");
  private static final Instant FOREVER = Instant.parse("9999-01-01T00:00:00Z");

  private record Keys(PrivateKey secret, PublicKey shown) {}

  private MemberIdentity() {}

  /**
   * What both ends of connections between members use.
   *
   * @param secrets the first is shown, each is accepted; at least one
   */
  static GrpcTlsConfig tls(List<String> secrets) {
    try {
      List<Keys> keys = new ArrayList<>();
      for (String secret : secrets) {
        keys.add(keys(secret));
      }
      Keys own = keys.getFirst();
      List<byte[]> accepted = keys.stream().map(each -> each.shown().getEncoded()).toList();
      return new GrpcTlsConfig(
          new Shown(own.secret(), certificate(own)), new Accepted(accepted), true);
    } catch (GeneralSecurityException | OperatorCreationException e) {
      throw new IllegalStateException("the platform lacks elliptic curves", e);
    }
  }

  private static Keys keys(String secret) throws GeneralSecurityException {
    byte[] seed =
        KDF.getInstance("HKDF-SHA256")
            .deriveData(
                HKDFParameterSpec.ofExtract()
                    .addIKM(secret.getBytes(StandardCharsets.UTF_8))
                    .thenExpand(PURPOSE, SEED_BYTES));
    X9ECParameters curve = CustomNamedCurves.getByName(CURVE);
    BigInteger number =
        new BigInteger(1, seed).mod(curve.getN().subtract(BigInteger.ONE)).add(BigInteger.ONE);
    ECPoint point = new FixedPointCombMultiplier().multiply(curve.getG(), number).normalize();
    AlgorithmParameters parameters = AlgorithmParameters.getInstance("EC");
    parameters.init(new ECGenParameterSpec(CURVE));
    ECParameterSpec spec = parameters.getParameterSpec(ECParameterSpec.class);
    KeyFactory factory = KeyFactory.getInstance("EC");
    return new Keys(
        factory.generatePrivate(new ECPrivateKeySpec(number, spec)),
        factory.generatePublic(
            new ECPublicKeySpec(
                new java.security.spec.ECPoint(
                    point.getAffineXCoord().toBigInteger(), point.getAffineYCoord().toBigInteger()),
                spec)));
  }

  private static X509Certificate certificate(Keys keys)
      throws OperatorCreationException, CertificateException {
    return new JcaX509CertificateConverter()
        .getCertificate(
            new JcaX509v3CertificateBuilder(
                    NAME, BigInteger.ONE, Date.from(ALWAYS), Date.from(FOREVER), NAME, keys.shown())
                .build(new JcaContentSignerBuilder("SHA256withECDSA").build(keys.secret())));
  }

  /** Shows the one certificate, whatever is asked for. */
  private static final class Shown extends X509ExtendedKeyManager {
    private final PrivateKey key;
    private final X509Certificate certificate;

    Shown(PrivateKey key, X509Certificate certificate) {
      this.key = key;
      this.certificate = certificate;
    }

    @Override
    public String[] getClientAliases(String type, Principal @Nullable [] issuers) {
      return new String[] {ALIAS};
    }

    @Override
    public String chooseClientAlias(
        String[] types, Principal @Nullable [] issuers, @Nullable Socket socket) {
      return ALIAS;
    }

    @Override
    public String[] getServerAliases(String type, Principal @Nullable [] issuers) {
      return new String[] {ALIAS};
    }

    @Override
    public @Nullable String chooseServerAlias(
        String type, Principal @Nullable [] issuers, @Nullable Socket socket) {
      return type.startsWith("EC") ? ALIAS : null;
    }

    @Override
    public String chooseEngineClientAlias(
        String[] types, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
      return ALIAS;
    }

    @Override
    public @Nullable String chooseEngineServerAlias(
        String type, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
      return type.startsWith("EC") ? ALIAS : null;
    }

    @Override
    public X509Certificate[] getCertificateChain(String alias) {
      return new X509Certificate[] {certificate};
    }

    @Override
    public PrivateKey getPrivateKey(String alias) {
      return key;
    }
  }

  /** Accepts whoever holds one of the keys. */
  private static final class Accepted extends X509ExtendedTrustManager {
    private final List<byte[]> keys;

    Accepted(List<byte[]> keys) {
      this.keys = keys;
    }

    private void check(X509Certificate[] chain) throws CertificateException {
      byte[] shown = chain[0].getPublicKey().getEncoded();
      if (keys.stream().noneMatch(key -> MessageDigest.isEqual(key, shown))) {
        throw new CertificateException(
            "member of another cluster, or with another secret (expected: the same secret)");
      }
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type)
        throws CertificateException {
      check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type)
        throws CertificateException {
      check(chain);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
        throws CertificateException {
      check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
        throws CertificateException {
      check(chain);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
        throws CertificateException {
      check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
        throws CertificateException {
      check(chain);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
