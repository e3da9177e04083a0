package dev.heddle.gateway.connection;

import dev.heddle.gateway.backend.BackendCall;
import dev.heddle.gateway.session.ConnectionTable.By;
import dev.heddle.gateway.session.ConnectionTable.End;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where the answers to one frame of a resumable connection go: into the grid, under the frame's
 * call; the last one together with the call's end. Thread-safe.
 */
final class CallReplies implements Replies {
  private final Resumables resumables;
  private final Client client;
  private final long call;
  private volatile Handed handed = Handed.NOTHING;
  private volatile @Nullable Payload last;
  private volatile @Nullable End end;

  CallReplies(Resumables resumables, Client client, long call) {
    this.resumables = resumables;
    this.client = client;
    this.call = call;
  }

  /** The last answer; null: there is none, or it is in the grid. */
  @Nullable Payload last() {
    return last;
  }

  /** How the connection is to end; null: it goes on. */
  @Nullable End end() {
    return end;
  }

  @Override
  public Handed handed() {
    return handed;
  }

  /** It counts when the call is marked as finished. */
  @Override
  public void hand(Handed next) {
    handed = next;
  }

  @Override
  public Client client() {
    return client;
  }

  @Override
  public boolean send(Payload frame) {
    return resumables.send(client.key(), call, frame);
  }

  @Override
  public void answer(Payload frame) {
    last = frame;
  }

  @Override
  public boolean lags() {
    return resumables.lags(client.key());
  }

  @Override
  public void close(int code, String reason) {
    // Whoever carries it must have the answer before the connection is no more.
    Payload answer = last;
    last = null;
    if (answer != null) {
      var _ = send(answer);
    }
    end = new End(code, reason);
  }

  @Override
  public void channels(Set<String> subscribe, Set<String> unsubscribe) {
    resumables.channels().listen(client.key(), By.OTHERS, subscribe, unsubscribe);
  }

  @Override
  public void inFlight(@Nullable BackendCall running) {
    // The connection survives its socket, and so does its call.
  }
}
