package io.synod.engine.session;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.function.IntConsumer;
import org.h2.result.ResultInterface;

/** A result of another node that comes in portions, as by H2's protocol. */
final class LinkRows implements InvocationHandler {
    private final ResultInterface rows;
    private final IntConsumer onPortion;
    private int fetchSize;
    private long here;

    private LinkRows(ResultInterface rows, int fetchSize, IntConsumer onPortion) {
        this.rows = rows;
        this.fetchSize = fetchSize;
        this.onPortion = onPortion;
        ask();
    }

    /** @param onPortion is told how many rows come next; may throw */
    static ResultInterface of(ResultInterface rows, int fetchSize, IntConsumer onPortion) {
        return (ResultInterface) Proxy.newProxyInstance(
                LinkRows.class.getClassLoader(),
                new Class<?>[] {ResultInterface.class},
                new LinkRows(rows, fetchSize, onPortion));
    }

    private void ask() {
        int portion = (int) Math.min(fetchSize, rows.getRowCount() - here);
        onPortion.accept(portion);
        here += portion;
    }

    @Override
    public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
        switch (method.getName()) {
            case "getFetchSize" -> {
                return fetchSize;
            }
            case "setFetchSize" -> {
                fetchSize = (int) arguments[0];
                return null;
            }
            case "next", "hasNext" -> {
                if (rows.getRowId() + 1 == here && here < rows.getRowCount()) {
                    ask();
                }
            }
            default -> {
                // The rows' own.
            }
        }
        try {
            return method.invoke(rows, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }
}
