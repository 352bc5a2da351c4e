package dev.baton.plugin.httpfilters;

import dev.baton.plugin.httpfilters.log.AccessLog;
import dev.baton.plugin.httpfilters.log.ReopenLogs;
import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;

/** The entry point. */
public final class HttpFiltersPlugin implements Plugin {
    @Override
    public void configure(PluginBinder binder) {
        binder.httpFilter("request-id", RequestId.Settings.class, RequestId.Factory.class);
        binder.httpFilter("headers", Headers.Settings.class, Headers.Factory.class);
        binder.httpFilter("bearer", Bearer.Settings.class, Bearer.Factory.class);
        binder.httpFilter("basic-auth", BasicAuth.Settings.class, BasicAuth.Factory.class);
        binder.httpFilter("rate-limit", RateLimit.Settings.class, RateLimit.Factory.class);
        binder.httpFilter("max-body", MaxBody.Settings.class, MaxBody.Factory.class);
        binder.httpFilter("cors", Cors.Settings.class, Cors.Factory.class);
        binder.httpFilter("compress", Compress.Settings.class, Compress.Factory.class);
        binder.httpFilter("error-pages", ErrorPages.Settings.class, ErrorPages.Factory.class);
        binder.httpFilter("access-log", AccessLog.Settings.class, AccessLog.Factory.class);
        binder.adminAction("logs/reopen", ReopenLogs.Nothing.class, ReopenLogs.class);
    }
}
