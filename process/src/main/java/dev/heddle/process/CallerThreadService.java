package dev.heddle.process;

/**
 * A gRPC service whose unary methods may run on the thread of a caller in the same process, if that
 * waits for the answer anyway: it saves two changes of threads. They may block, and must end by
 * themselves at the deadline and when {@link io.grpc.Context#current} is cancelled, for nobody can
 * leave them. Not for services that functions call: how much of its stack a function's thread has
 * left is the function's affair, and what the service does must not end in the middle.
 */
public interface CallerThreadService {}
