package dev.heddle.replication;

import org.apache.ratis.protocol.Message;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.jspecify.annotations.Nullable;

/** What a replica returned, on its way to the proposer in the same process. */
record ResultMessage(@Nullable Object result) implements Message {
  @Override
  public ByteString getContent() {
    return ByteString.EMPTY;
  }
}
