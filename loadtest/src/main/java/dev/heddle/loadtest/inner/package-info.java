/**
 * JMH benchmarks of inner loops, where regressions hide. After {@code ./heddle --help}, which
 * builds what is needed, all of them run by
 *
 * <pre>
 * {@code java @etc/jvm.flags -cp 'cli/target/heddle/lib/*' org.openjdk.jmh.Main dev.heddle.loadtest.inner}
 * </pre>
 *
 * <p>and one of them with its class name in the place of the package. The {@code java} must be a
 * JDK 25. Called by JMH, each benchmark on one thread.
 */
@NullMarked
package dev.heddle.loadtest.inner;

import org.jspecify.annotations.NullMarked;
