/** The plugin {@code __id__}: __summary__. */
@NullMarked
package __package__;

import org.jspecify.annotations.NullMarked;
