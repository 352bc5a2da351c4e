package dev.baton.plugin.admin;

import dev.baton.plugin.admin.access.Right;
import dev.baton.spi.admin.OfferedAction.Parameter;
import io.vertx.core.http.HttpServerRequest;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One method of one path of the API.
 *
 * @param method GET, POST or DELETE; GET answers HEAD too
 * @param path with at most one variable in braces: {@code /v1/listeners/{name}/unbind}
 * @param variable which values of the variable are meant
 * @param summary what it does, in a few words
 * @param parameters of the query of a POST or DELETE; the call reads them, and says what is wrong with them
 * @param body what a request has to bring, in words, as JSON; empty for nothing
 * @param content what it answers if all is well
 * @param answers the statuses that it may answer besides those of every path, with what each means
 * @param call does it
 */
record Route(
        String method,
        String path,
        Predicate<String> variable,
        String summary,
        List<Parameter> parameters,
        Optional<String> body,
        Content content,
        Map<Integer, String> answers,
        Call call) {

    /** Answers a request. */
    interface Call {
        /** On the request's loop. */
        void answer(Asked asked);
    }

    /**
     * A request of a route.
     *
     * @param request as it came
     * @param reply takes the answer
     * @param right by what somebody asks; null only of those paths that everybody may ask
     * @param variable the part of the path that the route leaves open; empty if there is none
     * @param parameters of the query, each once
     */
    record Asked(
            HttpServerRequest request,
            Reply reply,
            @Nullable Right right,
            String variable,
            Map<String, String> parameters) {
        /** Of a path that only those who are known may ask. */
        Right known() {
            return Objects.requireNonNull(right, "a right");
        }
    }

    boolean hasVariable() {
        return path.indexOf('{') >= 0;
    }

    /** The value of the variable; null if a path is none of this route's. */
    @Nullable
    String match(String asked) {
        int open = path.indexOf('{');
        if (open < 0) {
            return path.equals(asked) ? "" : null;
        }
        String before = path.substring(0, open);
        String after = path.substring(path.indexOf('}') + 1);
        if (asked.length() <= before.length() + after.length() || !asked.startsWith(before) || !asked.endsWith(after)) {
            return null;
        }
        String value = asked.substring(before.length(), asked.length() - after.length());
        return variable.test(value) ? value : null;
    }
}
