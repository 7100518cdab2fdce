package org.h2.schema;

import java.lang.reflect.Field;
import java.lang.reflect.Method;
import org.h2.engine.SessionLocal;
import org.h2.expression.Expression;
import org.h2.result.ResultInterface;
import org.h2.schema.FunctionAlias.JavaMethod;
import org.h2.value.Value;

/**
 * A function's method with a connection to its database, called from another database: it is executed in its own all the same.
 * Thread-safe if its {@link Home} is.
 */
public final class SynodFunction extends JavaMethod {
    /** Executes it where it belongs. */
    public interface Home {
        /** Calls it for a value. */
        Value call(Value[] arguments);

        /**
         * Calls it for a table.
         *
         * @param columnsOnly whether rows are not wanted
         */
        ResultInterface rows(Value[] arguments, boolean columnsOnly);
    }

    private final Home home;

    private SynodFunction(Method method, int id, Home home) {
        super(method, id);
        this.home = home;
    }

    /** From now on what has a connection to its database is executed by {@code home} when this function is called. */
    public static void executeAt(FunctionAlias function, Home home) {
        // H2 gives the array that it looks into at each call.
        JavaMethod[] methods = function.getJavaMethods();
        for (int i = 0; i < methods.length; i++) {
            if (methods[i].hasConnectionParam()) {
                methods[i] = new SynodFunction(method(methods[i]), i, home);
            }
        }
    }

    private static Method method(JavaMethod method) {
        try {
            Field field = JavaMethod.class.getDeclaredField("method");
            field.setAccessible(true);
            return (Method) field.get(method);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this version of H2 keeps a function's method elsewhere", e);
        }
    }

    @Override
    public Value getValue(SessionLocal session, Expression[] arguments, boolean columnList) {
        return home.call(values(session, arguments));
    }

    @Override
    public ResultInterface getTableValue(SessionLocal session, Expression[] arguments, boolean columnList) {
        return home.rows(values(session, arguments), columnList);
    }

    private static Value[] values(SessionLocal session, Expression[] arguments) {
        Value[] values = new Value[arguments.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = arguments[i].getValue(session);
        }
        return values;
    }
}
