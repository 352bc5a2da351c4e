package dev.baton.runtime.launcher.rehearsal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.launcher.rehearsal.ProcessFigures.Figure;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ProcessFiguresTest {

    @Test
    void shouldAddUpWhatAScrapeSays() {
        assertThat(ProcessFigures.parse("""
                        # TYPE baton_http_requests_total counter
                        baton_http_requests_total{service="a"} 12.0
                        baton_http_requests_total{service="b"} 1.2E3
                        baton_http_responses_total{route="*",service="a",status="2xx"} 11.0
                        baton_http_responses_total{route="*",service="a",status="5xx"} 1.0
                        baton_spare_loop_calls_total 3.0
                        """))
                .isEqualTo(Map.of(Figure.REQUESTS, 1_212L, Figure.ERRORS, 1L, Figure.SPARES, 3L));
    }
}
