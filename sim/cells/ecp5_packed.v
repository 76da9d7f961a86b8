// Cells as nextpnr-ecp5 packs them. Yosys's TRELLIS_COMB drives no FCO, for it is declared twice,
// and its TRELLIS_FF does not know the way past the look-up table; so here are others. Constant and
// inverted inputs are taken out of the parameters beforehand.

// A look-up table, half of a carry cell, or a column of 16 bits; and the multiplexer behind it.
module PACKED_TRELLIS_COMB (
    input A, B, C, D, M, FCI, F1, FXA, FXB, DI0, DI1, WD, WAD0, WAD1, WAD2, WAD3, WRE, WCK,
    output F, FCO, OFX
);
    parameter MODE = "LOGIC";
    parameter [15:0] INITVAL = 0;
    parameter CCU2_INJECT1 = "NO";
    parameter [0:0] WIDE = 0;

    wire table_4 = INITVAL[{D, C, B, A}];
    wire table_2 = INITVAL[{2'b0, B, A}];
    wire inject = CCU2_INJECT1 == "YES";
    generate
        if (MODE == "DPRAM") begin : ram
            reg [15:0] column = 0;
            always @(posedge WCK) if (WRE) column[{WAD3, WAD2, WAD1, WAD0}] <= WD;
            assign F = column[{A, C, B, D}];
            assign FCO = 0;
        end else if (MODE == "CCU2") begin : carry
            assign F = table_4 ^ (FCI & ~inject);
            assign FCO = ~table_4 & table_2 & ~inject | table_4 & FCI;
        end else begin : logic_or_none
            assign F = table_4;
            assign FCO = 0;
        end
    endgenerate
    assign OFX = WIDE ? (M ? FXB : FXA) : (M ? F1 : F);
endmodule

module PACKED_TRELLIS_FF (input CLK, LSR, CE, DI, M, output reg Q);
    parameter GSR = "ENABLED";
    parameter SRMODE = "LSR_OVER_CE";
    parameter REGSET = "RESET";
    parameter LSRMODE = "LSR";
    parameter [0:0] BYPASS = 0;

    wire in = BYPASS ? M : DI;
    wire value = LSRMODE == "PRLD" ? M : REGSET == "SET";
    initial Q = REGSET == "SET";
    generate
        if (SRMODE == "ASYNC") begin : asynchronous
            always @(posedge CLK, posedge LSR) if (LSR) Q <= value; else if (CE) Q <= in;
        end else begin : synchronous
            always @(posedge CLK) if (LSR) Q <= value; else if (CE) Q <= in;
        end
    endgenerate
endmodule

// The way of what is written into distributed RAM, through the third slice.
module PACKED_TRELLIS_RAMW (
    input A0, A1, B0, B1, C0, C1, D0, D1,
    output WADO0, WADO1, WADO2, WADO3, WDO0, WDO1, WDO2, WDO3
);
    assign {WADO3, WADO2, WADO1, WADO0} = {A0, C0, B0, D0};
    assign {WDO3, WDO2, WDO1, WDO0} = {B1, D1, A1, C1};
endmodule

module PACKED_DCCA (input CLKI, CE, output CLKO);
    assign CLKO = CLKI;
endmodule

module PACKED_TRELLIS_IO (inout B, input I, T, IOLDO, IOLTO, output O);
    parameter DIR = "INPUT";
    parameter DATAMUX_ODDR = "PADDO";
    parameter DATAMUX_MDDR = "PADDO";
    generate
        if (DIR == "INPUT") begin : in
            assign O = B;
        end else begin : out
            assign B = I;
            assign O = I;
        end
    endgenerate
endmodule
