pragma circom 2.1.0;

// n steps, each one constraint, from the last three values of a sequence to the next three:
//
//   step 4k, 4k+1   x ← x² + c                             one square
//   step 4k+2       x ← (x + 3·x' − d)·(x − 5·x'' + 7)      several terms in A and B
//   step 4k+3       x ← x + 2·x' − x'' + d                  linear: A and B are empty
//
// where x' and x'' are the values one and two steps before x.
template Steps(n) {
    signal input before[3];
    signal input c;
    signal input d;
    signal output after[3];

    signal x[n + 3];
    for (var i = 0; i < 3; i++) {
        x[i] <== before[i];
    }
    for (var i = 0; i < n; i++) {
        if (i % 4 == 2) {
            x[i + 3] <== (x[i + 2] + 3 * x[i + 1] - d) * (x[i + 2] - 5 * x[i] + 7);
        } else if (i % 4 == 3) {
            x[i + 3] <== x[i + 2] + 2 * x[i + 1] - x[i] + d;
        } else {
            x[i + 3] <== x[i + 2] * x[i + 2] + c;
        }
    }
    for (var i = 0; i < 3; i++) {
        after[i] <== x[n + i];
    }
}

// A chain of n steps that starts at a secret. Public are the last value, as the output, and c and d.
// With the compiler's simplification of equal signals (-O1, the default) there are n constraints and
// n + 4 columns.
//
// The compiler's time grows faster than the length of a template's arrays, so the chain is cut into
// pieces of 256 steps: 2¹⁸ constraints take 20 seconds, and in one piece they took five minutes.
template Chain(n) {
    var length = 256;
    var whole = n \ length;

    signal input secret;
    signal input c;
    signal input d;
    signal output last;

    component steps[whole + 1];
    for (var k = 0; k <= whole; k++) {
        steps[k] = Steps(k < whole ? length : n % length);
        for (var i = 0; i < 3; i++) {
            if (k == 0) {
                steps[k].before[i] <== secret;
            } else {
                steps[k].before[i] <== steps[k - 1].after[i];
            }
        }
        steps[k].c <== c;
        steps[k].d <== d;
    }
    last <== steps[whole].after[2];
}
