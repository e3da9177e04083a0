package dev.heddle.engine;

import dev.heddle.catalog.FunctionKind;
import java.util.Optional;

/**
 * Code that may be deployed.
 *
 * @param kind what the code is, where the manifest did not say
 * @param compiled what a deploy compiled, shipped by its own digest; empty where nothing is
 */
public record CheckedCode(FunctionKind kind, Optional<byte[]> compiled) {}
