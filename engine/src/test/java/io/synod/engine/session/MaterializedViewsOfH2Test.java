package io.synod.engine.session;

import static io.synod.engine.Sql.number;
import static io.synod.engine.Sql.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import org.h2.api.ErrorCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Why Synod refuses materialized views: stock H2 forgets them. When this fails, H2 was mended and they can be admitted. */
class MaterializedViewsOfH2Test {
    @TempDir
    Path directory;

    @Test
    void stock_h2_loses_a_materialized_view_when_its_file_is_opened_again() throws Exception {
        String url = "jdbc:h2:file:" + directory.resolve("stock");
        try (Connection c = DriverManager.getConnection(url)) {
            run(
                    c,
                    "CREATE TABLE T(ID INT PRIMARY KEY)",
                    "INSERT INTO T VALUES(1)",
                    "CREATE MATERIALIZED VIEW V AS SELECT ID FROM T",
                    "INSERT INTO T VALUES(2)",
                    "REFRESH MATERIALIZED VIEW V");
            assertEquals(2, number(c, "SELECT COUNT(*) FROM V"));
        }
        try (Connection c = DriverManager.getConnection(url)) {
            assertEquals(2, number(c, "SELECT COUNT(*) FROM T"));
            SQLException gone = assertThrows(SQLException.class, () -> number(c, "SELECT COUNT(*) FROM V"));
            assertEquals(ErrorCode.TABLE_OR_VIEW_NOT_FOUND_1, gone.getErrorCode(), gone.toString());
            // Nor can it be made again: the table of its rows is still there.
            SQLException left =
                    assertThrows(SQLException.class, () -> run(c, "CREATE MATERIALIZED VIEW V AS SELECT ID FROM T"));
            assertEquals(ErrorCode.TABLE_OR_VIEW_ALREADY_EXISTS_1, left.getErrorCode(), left.toString());
        }
    }
}
