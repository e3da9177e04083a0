package dev.heddle.engine;

import dev.heddle.catalog.FunctionVersion;
import java.util.Optional;

/**
 * What a worker has of a version; the digests were checked.
 *
 * @param compiled by the runtime's {@link FunctionRuntime#check} on the coordinator
 */
public record ShippedCode(FunctionVersion version, Code code, Optional<byte[]> compiled) {}
