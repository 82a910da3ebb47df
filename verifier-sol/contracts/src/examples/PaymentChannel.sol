// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Payment channels of ETH between two parties: the smallest that are safe, to measure what they cost
/// @notice The opener deposits, and from then on both pay each other within the deposit by signing states off the
///         chain. A state is the partner's share of the deposit, the rest being the opener's; the one with the
///         highest nonce counts. They close together with a state that both call final, in one transaction. Without
///         the other's consent a party starts the close, and for `DISPUTE_WINDOW` whoever holds a newer state shows
///         it.
///
///         A channel serves these two and nobody else, and a party must look at the chain once in every window: an
///         old state that nobody answers is paid.
/// @dev    Signatures are EIP-712's, so that chain, contract, channel and nonce are in what is signed, and in the
///         compact form of EIP-2098. Numbers of channels are never used again, so that no state outlives its channel.
///         A close never waits for a party to take its money: who refuses it is owed it.
contract PaymentChannel {
    struct Channel {
        address opener;
        uint96 deposit;
        address partner;
        uint96 share;
        uint64 nonce;
        uint40 closesAt;
    }

    /// @notice A signature of secp256k1: r, and s with the parity of R.y in its top bit (EIP-2098).
    struct Signature {
        uint256 r;
        uint256 vs;
    }

    event Opened(uint256 indexed channel, address indexed opener, address indexed partner, uint96 deposit);
    event Closing(uint256 indexed channel, uint64 nonce, uint96 share, uint40 closesAt);
    event Closed(uint256 indexed channel, uint96 share);
    event Withdrawn(address indexed owner, uint256 amount);

    error DepositInvalid(uint256 deposit);
    error PartnerInvalid(address partner);
    error ChannelUnknown(uint256 channel);
    error NotAParty(address caller);
    error NonceTooLow(uint64 nonce, uint64 shown);
    error ShareTooLarge(uint96 share, uint96 deposit);
    error SignatureInvalid(address expected);
    error ClosingBefore(uint40 closesAt);
    error NotClosing(uint256 channel);
    error WindowOpen(uint40 closesAt, uint256 time);
    error WindowOver(uint40 closesAt, uint256 time);
    error NothingOwed(address owner);
    error EtherRefused(address owner);

    /// @notice From the start of a close, how long a newer state may be shown.
    uint40 public constant DISPUTE_WINDOW = 1 days;

    // Hashed by the compiler: their length costs nothing.
    // solhint-disable gas-small-strings
    bytes32 private constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant STATE_TYPE = keccak256("State(uint256 channel,uint64 nonce,uint96 share,bool isFinal)");
    // solhint-enable gas-small-strings
    bytes32 private constant NAME = keccak256("zkroll PaymentChannel");
    bytes32 private constant VERSION = keccak256("1");

    /// @dev Half of the order of secp256k1, rounded down: with s and n − s a signature would have two forms.
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @dev What a receiver may spend while it is paid. Who needs more has it in `owed`.
    uint256 private constant PAYMENT_GAS = 30_000;

    /// @notice Channels ever opened; the last one's number.
    uint256 public channelCount;
    /// @notice The channels that are open. `closesAt` is 0 until a close starts.
    mapping(uint256 channel => Channel) public channels;
    /// @notice What a close could not pay out.
    mapping(address owner => uint256) public owed;

    /// @notice Opens a channel; what is sent with the call is its deposit.
    function open(address partner) external payable returns (uint256 channel) {
        if (msg.value == 0 || msg.value > type(uint96).max) revert DepositInvalid(msg.value);
        if (partner == address(0) || partner == msg.sender) revert PartnerInvalid(partner);
        uint96 deposit = uint96(msg.value);
        channel = ++channelCount;
        channels[channel] = Channel(msg.sender, deposit, partner, 0, 0, 0);
        emit Opened(channel, msg.sender, partner, deposit);
    }

    /// @notice Closes at once with a state that both signed as final. Anyone may bring it.
    function close(
        uint256 channel,
        uint64 nonce,
        uint96 share,
        Signature calldata byOpener,
        Signature calldata byPartner
    ) external {
        Channel memory state = _state(channel);
        _requireSigned(state, channel, nonce, share, true, byOpener, byPartner);
        _payOut(channel, state, share);
    }

    /// @notice Starts the close with the last state that the contract knows: at first, all is the opener's.
    function startClose(uint256 channel) external {
        Channel memory state = _state(channel);
        if (msg.sender != state.opener && msg.sender != state.partner) revert NotAParty(msg.sender);
        if (state.closesAt != 0) revert ClosingBefore(state.closesAt);
        uint40 closesAt = uint40(block.timestamp) + DISPUTE_WINDOW;
        channels[channel].closesAt = closesAt;
        emit Closing(channel, state.nonce, state.share, closesAt);
    }

    /// @notice Shows a newer state that both signed, within the window; starts the close if nobody has.
    ///         Anyone may bring it.
    /// @dev    The window does not start anew, or closes could be put off: whoever holds the newest state needs one
    ///         answer only, since no other is newer.
    function show(
        uint256 channel,
        uint64 nonce,
        uint96 share,
        Signature calldata byOpener,
        Signature calldata byPartner
    ) external {
        Channel memory state = _state(channel);
        uint40 closesAt = state.closesAt;
        if (closesAt == 0) closesAt = uint40(block.timestamp) + DISPUTE_WINDOW;
        if (block.timestamp >= closesAt) revert WindowOver(closesAt, block.timestamp);
        _requireSigned(state, channel, nonce, share, false, byOpener, byPartner);
        Channel storage stored = channels[channel];
        (stored.share, stored.nonce, stored.closesAt) = (share, nonce, closesAt);
        emit Closing(channel, nonce, share, closesAt);
    }

    /// @notice Pays out the newest state shown, after the window. Anyone may call it.
    function finish(uint256 channel) external {
        Channel memory state = _state(channel);
        if (state.closesAt == 0) revert NotClosing(channel);
        if (block.timestamp < state.closesAt) revert WindowOpen(state.closesAt, block.timestamp);
        _payOut(channel, state, state.share);
    }

    /// @notice Pays `owner` what a close could not.
    function withdraw(address owner) external {
        uint256 amount = owed[owner];
        if (amount == 0) revert NothingOwed(owner);
        owed[owner] = 0;
        emit Withdrawn(owner, amount);
        if (!_send(owner, amount, gasleft())) revert EtherRefused(owner);
    }

    /// @notice What the parties sign (EIP-712).
    function digest(uint256 channel, uint64 nonce, uint96 share, bool isFinal) public view returns (bytes32) {
        // Not kept from the constructor: after a fork of the chain the other half has another id.
        bytes32 domain = keccak256(abi.encode(DOMAIN_TYPE, NAME, VERSION, block.chainid, address(this)));
        bytes32 state = keccak256(abi.encode(STATE_TYPE, channel, nonce, share, isFinal));
        return keccak256(abi.encodePacked(hex"1901", domain, state));
    }

    function _state(uint256 channel) private view returns (Channel memory state) {
        state = channels[channel];
        if (state.opener == address(0)) revert ChannelUnknown(channel);
    }

    function _requireSigned(
        Channel memory state,
        uint256 channel,
        uint64 nonce,
        uint96 share,
        bool isFinal,
        Signature calldata byOpener,
        Signature calldata byPartner
    ) private view {
        if (nonce <= state.nonce) revert NonceTooLow(nonce, state.nonce);
        if (share > state.deposit) revert ShareTooLarge(share, state.deposit);
        bytes32 hash = digest(channel, nonce, share, isFinal);
        _requireSigner(hash, byOpener, state.opener);
        _requireSigner(hash, byPartner, state.partner);
    }

    /// @dev `expected` is never 0, which ecrecover returns for what is no signature.
    function _requireSigner(bytes32 hash, Signature calldata signature, address expected) private pure {
        uint256 s = signature.vs & (1 << 255) - 1;
        uint8 v = 27 + uint8(signature.vs >> 255);
        if (s > HALF_ORDER || ecrecover(hash, v, bytes32(signature.r), bytes32(s)) != expected) {
            revert SignatureInvalid(expected);
        }
    }

    /// @dev The channel is gone before anyone is called.
    function _payOut(uint256 channel, Channel memory state, uint96 share) private {
        delete channels[channel];
        emit Closed(channel, share);
        _pay(state.opener, state.deposit - share);
        _pay(state.partner, share);
    }

    function _pay(address owner, uint256 amount) private {
        if (amount != 0 && !_send(owner, amount, PAYMENT_GAS)) owed[owner] += amount;
    }

    function _send(address owner, uint256 amount, uint256 gasLimit) private returns (bool success) {
        // Equals: (success, ) = owner.call{gas: gasLimit, value: amount}("");  without copying what it returns
        assembly ("memory-safe") {
            success := call(gasLimit, owner, amount, 0, 0, 0, 0)
        }
    }
}
