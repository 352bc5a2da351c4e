/** How busy each loop is and with which connections, and how some of them are brought to another loop. */
@NullMarked
package dev.baton.spi.load;

import org.jspecify.annotations.NullMarked;
