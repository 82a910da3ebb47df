pragma circom 2.1.0;

// Nothing is public: x² = y for a secret x and y.
template SecretSquare() {
    signal input x;
    signal input y;
    x * x === y;
}
