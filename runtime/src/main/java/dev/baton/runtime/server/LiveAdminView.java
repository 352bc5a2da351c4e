package dev.baton.runtime.server;

import dev.baton.spi.admin.AdminView;
import java.util.List;

/** A view under a name, which stays when its plugin is reloaded. */
final class LiveAdminView implements AdminView {
    private volatile AdminView now;

    LiveAdminView(AdminView first) {
        this.now = first;
    }

    void set(AdminView next) {
        now = next;
    }

    @Override
    public List<? extends Record> rows() {
        return now.rows();
    }
}
