package dev.heddle.engine;

import dev.heddle.process.DataSize;

/**
 * What a sandbox may hold.
 *
 * @param memory cap, as the function's heddle.yaml says
 * @param maxResult a reply beyond it is refused
 */
public record SandboxLimits(DataSize memory, DataSize maxResult) {}
