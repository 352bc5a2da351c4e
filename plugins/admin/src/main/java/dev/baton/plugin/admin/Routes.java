package dev.baton.plugin.admin;

import dev.baton.spi.admin.OfferedAction.Parameter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** All that the API answers: the one table from which requests are served, paths listed and the API described. */
final class Routes {
    private final Map<String, List<Route>> exact = new TreeMap<>();
    private final List<Route> open = new ArrayList<>();

    /** A route and the part of the path that it leaves open. */
    record Match(Route route, String variable) {}

    void add(Route route) {
        if (route.hasVariable()) {
            open.add(route);
        } else {
            exact.computeIfAbsent(route.path(), first -> new ArrayList<>()).add(route);
        }
    }

    /** True if there is such a method of such a path already. */
    boolean has(String method, String path) {
        return at(path).containsKey(method);
    }

    /** What is at a path, by method; empty if there is no such path. */
    Map<String, Match> at(String path) {
        Map<String, Match> found = new LinkedHashMap<>();
        List<Route> here = exact.get(path);
        if (here != null) {
            here.forEach(route -> found.put(route.method(), new Match(route, "")));
            return found;
        }
        for (Route route : open) {
            String variable = route.match(path);
            if (variable != null) {
                found.putIfAbsent(route.method(), new Match(route, variable));
            }
        }
        return found;
    }

    /** Every path once, with variables in capitals: {@code /v1/listeners/NAME/unbind}. */
    Collection<String> paths() {
        Collection<String> paths = new LinkedHashSet<>(exact.keySet());
        open.forEach(route -> paths.add(readable(route.path())));
        return paths;
    }

    private static String readable(String path) {
        int from = path.indexOf('{');
        int to = path.indexOf('}');
        return path.substring(0, from) + path.substring(from + 1, to).toUpperCase(Locale.ROOT) + path.substring(to + 1);
    }

    /**
     * The API as an OpenAPI 3.0 document.
     *
     * @see <a href="https://spec.openapis.org/oas/v3.0.3">OpenAPI 3.0.3</a>
     */
    Map<String, Object> openApi(String version) {
        Map<String, Map<String, Object>> paths = new TreeMap<>();
        List<Route> all = new ArrayList<>();
        exact.values().forEach(all::addAll);
        all.addAll(open);
        for (Route route : all) {
            paths.computeIfAbsent(route.path(), first -> new TreeMap<>())
                    .put(route.method().toLowerCase(Locale.ROOT), operation(route));
        }
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("openapi", "3.0.3");
        document.put("info", Map.of("title", "Baton admin API", "version", version));
        document.put("paths", paths);
        return document;
    }

    private static Map<String, Object> operation(Route route) {
        Map<String, Object> operation = new LinkedHashMap<>();
        operation.put("summary", route.summary());
        List<Object> parameters = new ArrayList<>();
        if (route.hasVariable()) {
            String name = route.path()
                    .substring(route.path().indexOf('{') + 1, route.path().indexOf('}'));
            parameters.add(Map.of("name", name, "in", "path", "required", true, "schema", Map.of("type", "string")));
        }
        route.parameters().forEach(each -> parameters.add(parameter(each)));
        operation.put("parameters", parameters);
        route.body()
                .ifPresent(what -> operation.put(
                        "requestBody",
                        Map.of(
                                "description",
                                what,
                                "required",
                                true,
                                "content",
                                Map.of(Reply.JSON, Map.of("schema", Map.of("type", "object"))))));
        Map<String, Object> responses = new TreeMap<>();
        responses.put(
                "200", Map.of("description", "done", "content", route.content().described()));
        route.answers().forEach((status, what) -> responses.put(Integer.toString(status), Map.of("description", what)));
        operation.put("responses", responses);
        return operation;
    }

    private static Map<String, Object> parameter(Parameter each) {
        Map<String, Object> schema = new LinkedHashMap<>();
        schema.put("type", each.type().equals("number") ? "integer" : "string");
        each.otherwise().ifPresent(value -> schema.put("default", value));
        Map<String, Object> parameter = new LinkedHashMap<>();
        parameter.put("name", each.name());
        parameter.put("in", "query");
        parameter.put("required", each.required());
        parameter.put("description", each.type());
        parameter.put("schema", schema);
        return parameter;
    }
}
