package dev.heddle.process;

/**
 * A gRPC service whose methods never block, because they hand their work to threads of their own.
 * Its calls come straight from the transport's event loop, which saves them a change of threads.
 */
public interface HandOffService {}
