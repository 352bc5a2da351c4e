package dev.baton.runtime.launcher.reference;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/** The paths of the admin API of a process, from its OpenAPI document. */
public final class ApiReference {
    private static final Pattern VARIABLE = Pattern.compile("\\{([^}]*)}");

    private ApiReference() {}

    /**
     * The page.
     *
     * @param document as {@code /v1/openapi.json} answers
     */
    public static String of(JsonObject document) {
        Markdown page = new Markdown("Reference: admin API")
                .paragraph("`baton reference api` has written this page from the OpenAPI document of a running process,"
                        + " `/v1/openapi.json`. [Admin API](admin.md) explains it.")
                .paragraph(
                        "The answer to a request that is wrong is an object with `error`, and perhaps a `hint`. Of an"
                                + " answer in JSON the fields are listed: `OBJECT.FIELD` is a field of an object in it,"
                                + " `LIST[].FIELD` one of each object of a list, and `[].FIELD` one of each if the answer is a"
                                + " list itself.");
        JsonObject paths = document.getJsonObject("paths", new JsonObject());
        for (String path : new TreeSet<>(paths.fieldNames())) {
            JsonObject methods = paths.getJsonObject(path);
            for (String method : new TreeSet<>(methods.fieldNames())) {
                operation(page, method, path, methods.getJsonObject(method));
            }
        }
        return page.toString();
    }

    private static void operation(Markdown page, String method, String path, JsonObject operation) {
        String readable =
                VARIABLE.matcher(path).replaceAll(variable -> variable.group(1).toUpperCase(Locale.ROOT));
        String summary = operation.getString("summary", "");
        page.heading(2, Markdown.code(method.toUpperCase(Locale.ROOT) + " " + readable))
                .paragraph(summary.substring(0, 1).toUpperCase(Locale.ROOT) + summary.substring(1) + ".");
        JsonArray parameters = operation.getJsonArray("parameters", new JsonArray());
        if (!parameters.isEmpty()) {
            page.table("parameter", "in", "type", "default");
            objects(parameters, each -> parameter(page, each));
        }
        JsonObject body = operation.getJsonObject("requestBody");
        if (body != null) {
            page.paragraph("Body: " + body.getString("description", "") + " ("
                    + Markdown.codes(
                            body.getJsonObject("content", new JsonObject()).fieldNames()) + ").");
        }
        JsonObject responses = operation.getJsonObject("responses", new JsonObject());
        JsonObject content = content(responses.getJsonObject("200", new JsonObject()));
        if (!content.isEmpty()) {
            page.paragraph("Answers 200 with " + Markdown.codes(content.fieldNames()) + ".");
            fields(page, content);
        }
        Set<String> others = new TreeSet<>(responses.fieldNames());
        others.remove("200");
        if (!others.isEmpty()) {
            page.table("status", "means");
            others.forEach(status ->
                    page.row(List.of(status, responses.getJsonObject(status).getString("description", ""))));
        }
    }

    private static void parameter(Markdown page, JsonObject parameter) {
        boolean inPath = parameter.getString("in", "").equals("path");
        Object otherwise = parameter.getJsonObject("schema", new JsonObject()).getValue("default");
        String name = parameter.getString("name", "");
        page.row(List.of(
                Markdown.code(inPath ? name.toUpperCase(Locale.ROOT) : name),
                inPath ? "path" : "query",
                parameter.getString("description", "text"),
                otherwise != null
                        ? Markdown.code(String.valueOf(otherwise))
                        : parameter.getBoolean("required", false) ? "required" : "none"));
    }

    /** Of what is answered if all is well. */
    private static void fields(Markdown page, JsonObject content) {
        List<List<String>> rows = new ArrayList<>();
        content.forEach(each -> add("", ((JsonObject) each.getValue()).getJsonObject("schema"), rows));
        if (!rows.isEmpty()) {
            page.table("field", "type");
            rows.forEach(page::row);
        }
    }

    /** Adds the fields of what is at a path, and of what is in them. */
    private static void add(String path, JsonObject schema, List<List<String>> rows) {
        JsonObject items = schema.getJsonObject("items");
        if (items != null) {
            add(path + "[]", items, rows);
        }
        schema.getJsonObject("properties", new JsonObject()).forEach(each -> {
            JsonObject field = (JsonObject) each.getValue();
            String name = path.isEmpty() ? each.getKey() : path + "." + each.getKey();
            rows.add(List.of(
                    Markdown.code(name), type(field) + (field.getBoolean("nullable", false) ? " or null" : "")));
            add(name, field, rows);
        });
    }

    private static String type(JsonObject schema) {
        JsonArray words = schema.getJsonArray("enum");
        if (words != null) {
            return Markdown.codes(words.stream().map(String::valueOf).toList());
        }
        return switch (schema.getString("type", "")) {
            case "array" -> "list of " + plural(type(schema.getJsonObject("items", new JsonObject())));
            case "boolean" -> "true or false";
            case "integer", "number" -> "number";
            case "object" -> "object";
            default -> "text";
        };
    }

    /** Of a single word; what is more says it of many as well. */
    private static String plural(String type) {
        return type.matches("[a-z]+") ? type + "s" : type;
    }

    private static JsonObject content(JsonObject response) {
        return response.getJsonObject("content", new JsonObject());
    }

    private static void objects(JsonArray array, Consumer<JsonObject> action) {
        array.forEach(each -> action.accept((JsonObject) each));
    }
}
