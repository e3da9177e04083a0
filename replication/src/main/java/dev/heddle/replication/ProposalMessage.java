package dev.heddle.replication;

import org.apache.ratis.protocol.Message;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;

/** A proposal on its way into the log of this process. */
final class ProposalMessage implements Message {
  private final Proposal proposal;
  private final ByteString content;

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

  @Override
  public String toString() {
    return "proposal " + proposal.client() + "/" + proposal.call();
  }
}
