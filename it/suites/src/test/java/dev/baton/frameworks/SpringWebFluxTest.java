package dev.baton.frameworks;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.embed.Baton;
import dev.baton.suites.Batons;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.web.server.reactive.context.ReactiveWebServerApplicationContext;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.http.client.ReactorResourceFactory;
import org.springframework.http.client.reactive.ReactorClientHttpConnector;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.publisher.Mono;

/** An application of Spring Boot with WebFlux, whose server and client run on Baton. */
class SpringWebFluxTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    /** The application: one page. */
    @EnableAutoConfiguration
    @RestController
    static class Application {
        @GetMapping("/thread")
        Mono<String> thread() {
            return Mono.fromSupplier(() -> Thread.currentThread().getName());
        }
    }

    private static ReactorResourceFactory resources(Baton baton) {
        ReactorResourceFactory factory = new ReactorResourceFactory();
        factory.setUseGlobalResources(false);
        factory.setLoopResources(new BatonLoopResources(baton));
        return factory;
    }

    @Test
    @Timeout(120)
    void shouldServeAndAskWhileItsConnectionsMove() {
        try (Baton baton = Batons.turning(2)) {
            SpringApplication application = new SpringApplication(Application.class);
            application.setRegisterShutdownHook(false);
            application.setDefaultProperties(
                    Map.of("server.address", "127.0.0.1", "server.port", "0", "spring.main.banner-mode", "off"));
            application.addInitializers((ApplicationContextInitializer<GenericApplicationContext>)
                    context -> context.registerBean(ReactorResourceFactory.class, () -> resources(baton)));
            try (ConfigurableApplicationContext context = application.run()) {
                int port = ((ReactiveWebServerApplicationContext) context)
                        .getWebServer()
                        .getPort();
                WebClient client = WebClient.builder()
                        .clientConnector(new ReactorClientHttpConnector(
                                context.getBean(ReactorResourceFactory.class), http -> http))
                        .baseUrl("http://127.0.0.1:" + port)
                        .build();
                Set<String> threads = new HashSet<>();
                while (threads.size() < 2) {
                    threads.add(client.get()
                            .uri("/thread")
                            .retrieve()
                            .bodyToMono(String.class)
                            .block(PATIENCE));
                }
                assertThat(threads).containsExactlyInAnyOrder("baton-loop-0", "baton-loop-1");
            }
        }
    }
}
