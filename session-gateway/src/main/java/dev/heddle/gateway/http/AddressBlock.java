package dev.heddle.gateway.http;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.Optional;

/**
 * Addresses with the same first bits, as in {@code 10.0.0.0/8} or {@code ::1}.
 *
 * @param first the lowest address of the block
 * @param bits how many bits they share
 */
record AddressBlock(InetAddress first, int bits) {
  /** Who has one address of IPv6 has, as a rule, all with these first bits. */
  private static final int SUBSCRIBER_BITS = 64;

  private static final int BYTES_OF_IPV6 = 16;

  AddressBlock {
    int most = first.getAddress().length * Byte.SIZE;
    if (bits < 0 || bits > most) {
      throw new IllegalArgumentException("bits: " + bits + " (expected: 0.." + most + ")");
    }
    first = masked(first, bits);
  }

  /**
   * Reads an address, or a block in CIDR notation; nothing is looked up.
   *
   * @throws IllegalArgumentException if it is neither
   */
  static AddressBlock parse(String text) {
    int slash = text.indexOf('/');
    Optional<InetAddress> address = address(slash < 0 ? text : text.substring(0, slash));
    if (address.isPresent() && (slash < 0 || text.substring(slash + 1).matches("[0-9]{1,3}"))) {
      int most = address.get().getAddress().length * Byte.SIZE;
      int bits = slash < 0 ? most : Integer.parseInt(text.substring(slash + 1));
      if (bits <= most) {
        return new AddressBlock(address.get(), bits);
      }
    }
    throw new IllegalArgumentException(
        text + " (expected: an address or block, as in 10.1.2.3 or 10.0.0.0/8)");
  }

  /** An address as text; empty for what is none, names among it. */
  static Optional<InetAddress> address(String text) {
    try {
      return Optional.of(InetAddress.ofLiteral(text));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** What limits take for one client: an address of IPv4, or a subscriber's block of IPv6. */
  static AddressBlock ofClient(InetAddress address) {
    int bytes = address.getAddress().length;
    return new AddressBlock(address, bytes == BYTES_OF_IPV6 ? SUBSCRIBER_BITS : bytes * Byte.SIZE);
  }

  boolean contains(InetAddress address) {
    return address.getAddress().length == first.getAddress().length
        && Arrays.equals(masked(address, bits).getAddress(), first.getAddress());
  }

  private static InetAddress masked(InetAddress address, int bits) {
    byte[] bytes = address.getAddress();
    for (int i = 0; i < bytes.length; i++) {
      int kept = Math.clamp(bits - (long) i * Byte.SIZE, 0, Byte.SIZE);
      bytes[i] = (byte) (bytes[i] & (0xff << (Byte.SIZE - kept)));
    }
    try {
      return InetAddress.getByAddress(bytes);
    } catch (java.net.UnknownHostException e) {
      throw new IllegalStateException("an address has 4 or 16 bytes", e);
    }
  }

  @Override
  public String toString() {
    return first.getHostAddress() + "/" + bits;
  }
}
