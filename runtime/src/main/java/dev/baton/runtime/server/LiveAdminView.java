package dev.baton.runtime.server;

import dev.baton.spi.admin.AdminView;
import java.util.List;
import java.util.function.Supplier;

/** A view under a name, which stays when its plugin is reloaded. */
final class LiveAdminView implements AdminView {
    private volatile Supplier<AdminView> now;

    LiveAdminView(Supplier<AdminView> first) {
        this.now = first;
    }

    void set(AdminView next) {
        now = () -> next;
    }

    @Override
    public List<? extends Record> rows() {
        return now.get().rows();
    }
}
