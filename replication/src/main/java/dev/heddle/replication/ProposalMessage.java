package dev.heddle.replication;

import java.util.concurrent.CompletableFuture;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;

/** A proposal on its way into the log of this process. */
final class ProposalMessage implements Message {
  private final Proposal proposal;
  private final ByteString content;

  private final CompletableFuture<Written> outcome = new CompletableFuture<>();

  /** Whether the entry may stand in the log: whatever happens then, it may yet be committed. */
  private volatile boolean appended;

  ProposalMessage(Proposal proposal) {
    this.proposal = proposal;
    this.content = UnsafeByteOperations.unsafeWrap(proposal.data());
  }

  Proposal proposal() {
    return proposal;
  }

  @Override
  public ByteString getContent() {
    return content;
  }

  void append() {
    appended = true;
  }

  boolean appended() {
    return appended;
  }

  /**
   * What came of it. When the replica has applied it, that is told here and not left to Ratis: its
   * answer is lost if the entry is applied while Ratis tells those who wait that this member leads
   * no more.
   */
  CompletableFuture<Written> outcome() {
    return outcome;
  }

  @Override
  public String toString() {
    return "proposal " + proposal.client() + "/" + proposal.call();
  }
}
