package io.synod.sample;

import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.ResponseStatus;

@ResponseStatus(HttpStatus.NOT_FOUND)
class UnknownItemException extends RuntimeException {
    UnknownItemException(String item) {
        super("no item " + item + " is in stock");
    }
}
