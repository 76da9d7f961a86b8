// Cells as nextpnr-ice40 packs them. Yosys's cells_sim.v has no ICESTORM_RAM; its other models ask
// whether an input floats, which Verilator cannot tell: here what is not connected is tied.

// Carry and look-up table, and a flip-flop behind it or none.
module PACKED_ICESTORM_LC (
    input I0, I1, I2, I3, CIN, CLK, CEN, SR,
    output O, LO, COUT
);
    parameter [15:0] LUT_INIT = 0;
    parameter [0:0] NEG_CLK = 0;
    parameter [0:0] CARRY_ENABLE = 0;
    parameter [0:0] DFF_ENABLE = 0;
    parameter [0:0] SET_NORESET = 0;
    parameter [0:0] ASYNC_SR = 0;
    parameter [0:0] CIN_CONST = 0;
    parameter [0:0] CIN_SET = 0;

    wire carry = CIN_CONST ? CIN_SET : CIN;
    assign COUT = CARRY_ENABLE & (I1 & I2 | (I1 | I2) & carry);
    assign LO = LUT_INIT[{I3, I2, I1, I0}];

    generate
        if (!DFF_ENABLE) begin : combinational
            assign O = LO;
        end else begin : registered
            wire clock = CLK ^ NEG_CLK;
            reg kept = 0;
            assign O = kept;
            if (ASYNC_SR) begin : asynchronous
                always @(posedge clock, posedge SR)
                    if (SR) kept <= SET_NORESET;
                    else if (CEN) kept <= LO;
            end else begin : synchronous
                always @(posedge clock) if (CEN) kept <= SR ? SET_NORESET : LO;
            end
        end
    endgenerate
endmodule

module PACKED_SB_GB (input USER_SIGNAL_TO_GLOBAL_BUFFER, output GLOBAL_BUFFER_OUTPUT);
    assign GLOBAL_BUFFER_OUTPUT = USER_SIGNAL_TO_GLOBAL_BUFFER;
endmodule

// A pad without registers: an input, or an output that is always driven.
module PACKED_SB_IO (
    inout PACKAGE_PIN,
    input LATCH_INPUT_VALUE, CLOCK_ENABLE, INPUT_CLK, OUTPUT_CLK, OUTPUT_ENABLE, D_OUT_0, D_OUT_1,
    output D_IN_0, D_IN_1
);
    parameter [5:0] PIN_TYPE = 0;
    parameter [0:0] PULLUP = 0;
    parameter [0:0] NEG_TRIGGER = 0;
    parameter IO_STANDARD = "";
    generate
        if (PIN_TYPE == 6'b000001) begin : in
            assign D_IN_0 = PACKAGE_PIN;
        end else if (PIN_TYPE == 6'b011001) begin : out
            assign PACKAGE_PIN = D_OUT_0;
            assign D_IN_0 = D_OUT_0;
        end else begin : other
            $error("no model of a pad of type %b", PIN_TYPE);
        end
    endgenerate
    assign D_IN_1 = 0;
endmodule

// Block RAM with a port for each bit.
module PACKED_ICESTORM_RAM (
`define BITS(NAME) NAME``_0, NAME``_1, NAME``_2, NAME``_3, NAME``_4, NAME``_5, NAME``_6, \
    NAME``_7, NAME``_8, NAME``_9, NAME``_10
`define MORE(NAME) NAME``_11, NAME``_12, NAME``_13, NAME``_14, NAME``_15
`define DOWN(NAME) NAME``_10, NAME``_9, NAME``_8, NAME``_7, NAME``_6, NAME``_5, NAME``_4, \
    NAME``_3, NAME``_2, NAME``_1, NAME``_0
`define HIGH(NAME) NAME``_15, NAME``_14, NAME``_13, NAME``_12, NAME``_11
    input `BITS(WADDR), `BITS(RADDR), `BITS(WDATA), `MORE(WDATA), `BITS(MASK), `MORE(MASK),
    output `BITS(RDATA), `MORE(RDATA),
    input WE, WCLKE, WCLK, RE, RCLKE, RCLK
);
    parameter [1:0] READ_MODE = 0;
    parameter [1:0] WRITE_MODE = 0;
    parameter [0:0] NEG_CLK_R = 0;
    parameter [0:0] NEG_CLK_W = 0;
    parameter [255:0] INIT_0 = 0, INIT_1 = 0, INIT_2 = 0, INIT_3 = 0, INIT_4 = 0, INIT_5 = 0,
        INIT_6 = 0, INIT_7 = 0, INIT_8 = 0, INIT_9 = 0, INIT_A = 0, INIT_B = 0, INIT_C = 0,
        INIT_D = 0, INIT_E = 0, INIT_F = 0;
    SB_RAM40_4K #(
        .READ_MODE(READ_MODE), .WRITE_MODE(WRITE_MODE),
        .INIT_0(INIT_0), .INIT_1(INIT_1), .INIT_2(INIT_2), .INIT_3(INIT_3),
        .INIT_4(INIT_4), .INIT_5(INIT_5), .INIT_6(INIT_6), .INIT_7(INIT_7),
        .INIT_8(INIT_8), .INIT_9(INIT_9), .INIT_A(INIT_A), .INIT_B(INIT_B),
        .INIT_C(INIT_C), .INIT_D(INIT_D), .INIT_E(INIT_E), .INIT_F(INIT_F)
    ) rows (
        .RDATA({`HIGH(RDATA), `DOWN(RDATA)}), .RADDR({`DOWN(RADDR)}),
        .RCLK(RCLK ^ NEG_CLK_R), .RCLKE(RCLKE), .RE(RE),
        .WDATA({`HIGH(WDATA), `DOWN(WDATA)}), .MASK({`HIGH(MASK), `DOWN(MASK)}),
        .WADDR({`DOWN(WADDR)}), .WCLK(WCLK ^ NEG_CLK_W), .WCLKE(WCLKE), .WE(WE)
    );
endmodule
