package dev.baton.testkit.world;

import dev.baton.spi.admin.AdminView;
import dev.baton.spi.admin.RuntimeControl;
import dev.baton.spi.admin.RuntimeView;
import dev.baton.spi.metrics.Metrics;
import jakarta.inject.Inject;
import java.util.List;

/** How a test looks into the server: with the eyes of a plugin, which are the same in both worlds. */
final class Window implements AdminView {
    final RuntimeView view;
    final RuntimeControl control;
    final Metrics metrics;

    @Inject
    Window(RuntimeView view, RuntimeControl control, Metrics metrics) {
        this.view = view;
        this.control = control;
        this.metrics = metrics;
    }

    @Override
    public List<? extends Record> rows() {
        return List.of();
    }
}
