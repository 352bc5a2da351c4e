/**
 * The lock-free classes of Baton under Lincheck, which runs small scenarios of operations in every interleaving up to a
 * bound and compares the answers with a sequential specification.
 *
 * <p>What is proved, and for what: the class under test is the real one; two or three threads, up to four operations
 * each; memory is sequentially consistent (weaker orders are the business of {@code it/jcstress}); a weak
 * compare-and-set does not fail for nothing. Lincheck can pass for a bad reason: it does not switch threads at some
 * atomic operations. So each test has twins, which run copies of the class with one deliberate error each, and pass
 * only if Lincheck finds it; and the copy without an error, which must pass, so that the twins fail for their error and
 * nothing else.
 */
@NullMarked
package dev.baton.lincheck;

import org.jspecify.annotations.NullMarked;
