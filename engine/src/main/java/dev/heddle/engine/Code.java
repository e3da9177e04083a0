package dev.heddle.engine;

import java.util.Map;

/**
 * What was deployed: one file, or the files of an archive that was found harmless.
 *
 * @param bytes as deployed
 * @param files contents by path, with {@code /} between names; a single file stands under the name
 *     {@code ""}
 */
public record Code(byte[] bytes, Map<String, byte[]> files) {}
