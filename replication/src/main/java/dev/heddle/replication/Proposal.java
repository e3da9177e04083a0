package dev.heddle.replication;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * An entry that is to be written.
 *
 * @param client who asks, and
 * @param call for the how manieth time: the same call again within a minute gets the first one's
 *     result and is written once, also by another leader
 * @param data at most 512 KiB; not changed afterwards
 * @param context handed to the replica on this node
 */
public record Proposal(UUID client, long call, byte[] data, @Nullable Object context) {
  /** Bytes of an entry at most. */
  public static final int MOST_BYTES = 512 << 10;
}
