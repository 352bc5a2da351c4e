package dev.baton.examples.vertxjdbc;

import com.zaxxer.hikari.HikariDataSource;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.handler.BodyHandler;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/** Notes in a database, as JSON over HTTP. Nothing here is Baton's: it runs wherever Vert.x does. */
final class NotesVerticle extends VerticleBase {
    private final HikariDataSource pool;
    private final HttpServerOptions options;

    NotesVerticle(HikariDataSource pool, HttpServerOptions options) {
        this.pool = pool;
        this.options = options;
    }

    private interface Query<T> {
        T run(PreparedStatement statement) throws SQLException;
    }

    @Override
    public Future<?> start() {
        WorkerExecutor workers = vertx.createSharedWorkerExecutor("notes", pool.getMaximumPoolSize());
        Router router = Router.router(vertx);
        router.get("/health").respond(context -> Future.succeededFuture(new JsonObject().put("status", "up")));
        router.get("/notes")
                .respond(context -> query(workers, "SELECT id, text FROM notes ORDER BY id", NotesVerticle::list));
        router.post("/notes").handler(BodyHandler.create(false).setBodyLimit(65_536));
        router.post("/notes").respond(context -> {
            String text = context.request().getFormAttribute("text");
            if (text == null) {
                context.response().setStatusCode(400);
                return Future.succeededFuture(new JsonObject().put("error", "the form has no 'text'"));
            }
            return query(workers, "INSERT INTO notes (text) VALUES (?) RETURNING id, text", insert -> {
                insert.setString(1, text);
                return list(insert).getJsonObject(0);
            });
        });
        router.getWithRegex("/sleep/(?<seconds>[0-9]{1,2})") // a query that takes long
                .respond(context -> query(workers, "SELECT pg_sleep(?)", sleep -> {
                    sleep.setInt(1, Integer.parseInt(context.pathParam("seconds")));
                    return new JsonObject().put("slept", sleep.execute());
                }));
        return query(workers, "CREATE TABLE IF NOT EXISTS notes (id SERIAL, text TEXT)", PreparedStatement::execute)
                .compose(done ->
                        vertx.createHttpServer(options).requestHandler(router).listen());
    }

    /** JDBC blocks, so a query runs on a worker and not on a loop; {@code false}: beside those that run already. */
    private <T> Future<T> query(WorkerExecutor workers, String sql, Query<T> query) {
        return workers.executeBlocking(
                () -> {
                    try (var connection = pool.getConnection();
                            var statement = connection.prepareStatement(sql)) {
                        return query.run(statement);
                    }
                },
                false);
    }

    private static JsonArray list(PreparedStatement statement) throws SQLException {
        JsonArray notes = new JsonArray();
        try (ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                notes.add(new JsonObject().put("id", rows.getInt("id")).put("text", rows.getString("text")));
            }
        }
        return notes;
    }
}
