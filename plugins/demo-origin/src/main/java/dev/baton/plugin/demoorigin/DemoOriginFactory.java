package dev.baton.plugin.demoorigin;

import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.service.ServiceFactory;

/** Makes the services of type {@code demo-origin}. */
public final class DemoOriginFactory implements ServiceFactory<DemoOriginConfig> {

    @Override
    public Service create(String name, DemoOriginConfig config, ServiceContext context) {
        return new DemoOrigin(name, config);
    }
}
