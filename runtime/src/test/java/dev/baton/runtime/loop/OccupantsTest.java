package dev.baton.runtime.loop;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class OccupantsTest {
    private final Occupants occupants = new Occupants();
    private final Occupant a = cause -> {};
    private final Occupant b = cause -> {};
    private final Occupant c = cause -> {};

    @Test
    void shouldNest() {
        assertThat(occupants.innermost()).isNull();
        occupants.entered(a);
        occupants.entered(b);
        occupants.entered(c);
        assertThat(occupants.innermost()).isSameAs(c);
        occupants.left(c);
        assertThat(occupants.innermost()).isSameAs(b);
        occupants.left(b);
        assertThat(occupants.innermost()).isSameAs(a);
        occupants.left(a);
        assertThat(occupants.innermost()).isNull();
    }

    @Test
    void shouldForgetWhatIsLeftOutOfOrder() {
        occupants.entered(a);
        occupants.entered(b);
        occupants.entered(c);
        occupants.left(a);
        occupants.left(b);
        assertThat(occupants.innermost()).isSameAs(c);
        occupants.left(c);
        assertThat(occupants.innermost()).isNull();
    }

    @Test
    void shouldTellForWhomTheInnermostRuns() {
        Tenant shop = new Tenant() {};
        Occupant forShop = new Occupant() {
            @Override
            public void threw(Throwable cause) {}

            @Override
            public Tenant tenant() {
                return shop;
            }
        };
        assertThat(occupants.tenant()).isNull();
        occupants.entered(forShop);
        assertThat(occupants.tenant()).isSameAs(shop);
        occupants.entered(a);
        assertThat(occupants.tenant()).isNull();
        occupants.left(a);
        assertThat(occupants.tenant()).isSameAs(shop);
        occupants.left(forShop);
        assertThat(occupants.tenant()).isNull();
    }

    @Test
    void shouldIgnoreWhatWasNeverEntered() {
        occupants.entered(a);
        occupants.left(b);
        assertThat(occupants.innermost()).isSameAs(a);
    }
}
