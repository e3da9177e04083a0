package dev.heddle.shard;

import java.util.UUID;

/**
 * Names a write request: whoever asks again by the same name wants the outcome of the first time.
 *
 * @param call number of the client's choice, another one for each request
 */
public record RequestId(UUID client, long call) {}
