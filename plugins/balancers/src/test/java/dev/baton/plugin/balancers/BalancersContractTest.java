package dev.baton.plugin.balancers;

import dev.baton.spi.upstream.Balancer;
import dev.baton.testkit.BalancerContract;
import org.junit.jupiter.api.Nested;

class BalancersContractTest {
    @Nested
    class RoundRobinTest extends BalancerContract {
        @Override
        protected Balancer balancer() {
            return new RoundRobin.Factory().create(new NoKeys());
        }
    }

    @Nested
    class LeastRequestsTest extends BalancerContract {
        @Override
        protected Balancer balancer() {
            return new LeastRequests.Factory().create(new NoKeys());
        }
    }

    @Nested
    class TwoChoicesTest extends BalancerContract {
        @Override
        protected Balancer balancer() {
            return new TwoChoices.Factory().create(new NoKeys());
        }
    }

    @Nested
    class HashClientTest extends BalancerContract {
        @Override
        protected Balancer balancer() {
            return new ConsistentHash.ByClient().create(new NoKeys());
        }
    }

    @Nested
    class HashFieldTest extends BalancerContract {
        @Override
        protected Balancer balancer() {
            return new ConsistentHash.ByField().create(new FieldKeys("x-tenant"));
        }
    }

    @Nested
    class HashCookieTest extends BalancerContract {
        @Override
        protected Balancer balancer() {
            return new ConsistentHash.ByCookie().create(new CookieKeys("session"));
        }
    }
}
